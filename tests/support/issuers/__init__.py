"""Issuers that nobody here wrote, and a person at their pages."""
