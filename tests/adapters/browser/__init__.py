"""Tests of adapters/browser."""
