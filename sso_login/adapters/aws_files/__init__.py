"""AWS's own files: config, credentials and the caches of the SDKs."""
