"""Tests of the house itself: how large its rooms, files and functions may be."""
