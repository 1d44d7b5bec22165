"""Commands about the login and its token."""
