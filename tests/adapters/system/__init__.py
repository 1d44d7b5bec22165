"""Tests of adapters/system."""
