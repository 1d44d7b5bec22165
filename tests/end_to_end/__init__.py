"""The program as processes, held to software that nobody here wrote."""
