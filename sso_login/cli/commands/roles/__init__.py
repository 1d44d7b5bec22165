"""Commands about accounts, roles and their credentials."""
