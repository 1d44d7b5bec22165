"""The hot path, held to the ordinary way."""
