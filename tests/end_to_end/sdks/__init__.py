"""AWS SDKs of five languages, as children of `exec --server`."""
