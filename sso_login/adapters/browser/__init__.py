"""The way to a browser and back: opening it, the listener on 127.0.0.1, pasted addresses."""
