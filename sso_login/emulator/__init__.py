"""A local IAM Identity Center; it shares nothing with the client's protocol floor, on purpose."""
