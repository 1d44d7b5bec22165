"""The benchmark's own arithmetic and tables; never its times."""
