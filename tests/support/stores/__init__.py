"""Tests of support/stores."""
