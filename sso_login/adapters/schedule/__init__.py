"""Staying alive by itself: the job that the system runs, what came of its runs, and a word on the desktop."""
