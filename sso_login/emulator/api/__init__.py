"""The emulated operations, one family a file."""
