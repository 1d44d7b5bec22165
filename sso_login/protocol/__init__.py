"""The wire, pure: a value becomes a Request, a Response becomes a value."""
