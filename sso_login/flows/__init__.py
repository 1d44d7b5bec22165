"""The use cases: arguments in, values out; they know ports, never adapters."""
