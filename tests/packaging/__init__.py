"""What is built of it, and what an installation of that can do."""
