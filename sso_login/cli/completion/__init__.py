"""Completing words in shells."""
