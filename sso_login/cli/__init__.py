"""The only floor that knows a human."""
