"""Servers of ours that run, and who asks them."""
