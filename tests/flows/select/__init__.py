"""Tests of which login is meant."""
