"""The emulated service's state and rules."""
