"""sso-login: device-code login for AWS IAM Identity Center, kept in the OS keyring."""

__version__ = "0.2.0"
