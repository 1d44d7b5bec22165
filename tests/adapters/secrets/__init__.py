"""Tests of adapters/secrets."""
