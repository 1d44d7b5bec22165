"""Tests of emulator/api."""
