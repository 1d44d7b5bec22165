"""Tests of emulator/pages."""
