"""The credential server: AWS's container credentials protocol on 127.0.0.1, for SDKs that renew by themselves."""
