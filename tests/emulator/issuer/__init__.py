"""The emulator's second face."""
