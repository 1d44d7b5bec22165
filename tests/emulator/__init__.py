"""Tests of the emulator; AWS's own software is the judge."""
