"""What runs by itself while something is measured, each a process of its own."""
