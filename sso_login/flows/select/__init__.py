"""Which login a command line, a profile or the environment means."""
