"""Tests of support/terminal."""
