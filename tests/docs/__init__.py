"""What the documents say is held to the program."""
