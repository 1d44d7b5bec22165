"""What is stored, as text: logins and role credentials in a store of named secrets."""
