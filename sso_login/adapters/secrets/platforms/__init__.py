"""What each platform has of its own: its keyring, its words for trouble, its ways to keep files private."""
