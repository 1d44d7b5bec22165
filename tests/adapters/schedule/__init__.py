"""The schedule: its job, each scheduler, and what is kept of its runs."""
