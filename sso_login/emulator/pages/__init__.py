"""The emulated pages."""
