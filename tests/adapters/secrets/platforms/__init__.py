"""Tests of what each platform has of its own, by fakes that behave as its documents say."""
