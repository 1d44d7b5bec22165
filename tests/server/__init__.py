"""The credential server: its guard, its cache, and the wire."""
