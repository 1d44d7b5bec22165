"""What a human sees: text, tables, panels, colours."""
