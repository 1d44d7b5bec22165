"""The OAuth standards, pure, and the client of any issuer."""
