"""The wire floor, held to AWS's own models."""
