"""The Python API, as a script uses it."""
