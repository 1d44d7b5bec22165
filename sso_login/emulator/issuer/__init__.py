"""The emulator's second face: an OpenID Connect issuer, which any OAuth client can log in at."""
