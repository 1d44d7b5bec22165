"""Tests of emulator/core."""
