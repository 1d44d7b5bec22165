"""The tests; they mirror the floors of the package."""
