"""Logins at OAuth issuers, through the front door."""
