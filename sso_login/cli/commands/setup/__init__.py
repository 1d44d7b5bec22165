"""Commands that set things up, check them, or try them out."""
