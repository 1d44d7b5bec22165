"""Held to issuers that nobody here wrote."""
