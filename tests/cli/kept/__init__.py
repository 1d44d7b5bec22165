"""Tests of what commands do with what is kept."""
