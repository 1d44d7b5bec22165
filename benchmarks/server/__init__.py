"""The credential server while it runs."""
