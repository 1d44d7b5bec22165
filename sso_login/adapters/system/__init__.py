"""The operating system: clock, deadlines, HTTP, network settings, signals, programs."""
