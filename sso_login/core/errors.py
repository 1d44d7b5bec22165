"""One tree of errors; every class owns its exit code and its next step.

| code | name | raised as |
|---|---|---|
| 1 | error | SsoLoginError |
| 2 | usage, config | UsageProblem: ConfigError, HomeUnknown, SessionUnnamed, UnknownSession |
| 3 | login required | LoginRequired: NotLoggedIn, RefreshRefused, BoundElsewhere, StoredElsewhere; NotScheduled |
| 4 | login failed | LoginFailed: AccessDenied, CodeExpired, LoginTimedOut |
| 5 | unreachable | Unreachable: CertificateRefused, NotAnAnswer, Throttled, RenewalDeferred |
| 6 | service error | ServiceError, MalformedReply |
| 7 | storage | StorageError: StoreUnusable, StoreTimeout, SaveUnknown, BadRecord, NewerRecord, ... |
| 130 | interrupted | Interrupted |
"""

from __future__ import annotations

from typing import ClassVar


class SsoLoginError(Exception):
    """Whatever a user can cause or must know: one line that says what, one that says what to do next."""

    exit_code: ClassVar[int] = 1
    default_hint: ClassVar[str] = "Run the command again with -v to see what it does."

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        """Keep the two lines a person will read; neither may hold a secret."""
        super().__init__(message)
        self.message = message
        self.hint = self.default_hint if hint is None else hint


class UsageProblem(SsoLoginError):
    """The command line, the environment or the config cannot be meant as it stands."""

    exit_code = 2
    default_hint = "See `sso-login --help`."


class ConfigError(UsageProblem):
    """The AWS config file cannot be read, or a key in it cannot be used."""

    default_hint = "Fix that line of the AWS config file (AWS_CONFIG_FILE, else ~/.aws/config)."


class HomeUnknown(UsageProblem):
    """Neither the environment nor the system says where the user's home is."""

    default_hint = "Set HOME, or name a folder of your own in SSO_LOGIN_HOME."


class UnknownSession(UsageProblem):
    """A session or profile of that name is neither in the config nor ever logged in."""


class SessionUnnamed(UsageProblem):
    """No session is named, and there are several, or none; `names` are theirs."""

    def __init__(self, message: str, *, names: tuple[str, ...], hint: str | None = None) -> None:
        """Keep the names to choose from."""
        super().__init__(message, hint=hint)
        self.names = names


class LoginRequired(SsoLoginError):
    """Only a human can go on: `device` or `browser` must be run."""

    exit_code = 3
    default_hint = "Log in with `sso-login device`."


class NotLoggedIn(LoginRequired):
    """The session is known, but there are no tokens for it."""


class RefreshRefused(LoginRequired):
    """The issuer no longer takes the refresh token, or there is none."""


class BoundElsewhere(LoginRequired):
    """The stored login belongs to another start URL, region or endpoint."""


class StoredElsewhere(LoginRequired):
    """SSO_LOGIN_STORE names another store than the one the login lies in."""


class NotScheduled(SsoLoginError):
    """No schedule of ours is installed."""

    exit_code = 3
    default_hint = "Install one with `sso-login schedule install`."


class LoginFailed(SsoLoginError):
    """A login was started and did not come to its end."""

    exit_code = 4
    default_hint = "Start again with `sso-login device`."


class AccessDenied(LoginFailed):
    """The request was denied in the browser."""


class CodeExpired(LoginFailed):
    """Nobody approved the code in time."""


class LoginTimedOut(LoginFailed):
    """The user's own --timeout was over first."""


class Unreachable(SsoLoginError):
    """No answer of the service came back; says nothing about being logged in.

    `sent` tells whether the request may have reached the service: only a request of which nothing
    was sent (DNS, connect, TLS) may be repeated in the same process.
    `wait` is the service's own Retry-After in seconds, where it gave one.
    `passes` says that it is trouble on the other side which goes away by itself: 429, 5xx, a connection that broke.
    """

    exit_code = 5
    default_hint = "Check the network, VPN and proxy settings, then try again; the login is kept."

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        sent: bool = True,
        wait: float | None = None,
        passes: bool = False,
    ) -> None:
        """Say what was tried; `sent` is False only when it is certain that nothing left this machine."""
        super().__init__(message, hint=hint)
        self.sent = sent
        self.wait = wait
        self.passes = passes


class CertificateRefused(Unreachable):
    """TLS found no certificate to trust; unlike other network trouble it does not go away by itself."""

    default_hint = (
        "Where a company proxy inspects TLS, name its CA bundle in AWS_CA_BUNDLE; this does not go away by itself. "
        "`sso-login doctor` says whom it trusts."
    )


class NotAnAnswer(Unreachable):
    """Something came back that is not the service's answer: 429, 5xx, HTML, a redirect, too much or too little."""

    default_hint = "A proxy or captive portal may be answering in place of AWS; try again later, the login is kept."


class Throttled(NotAnAnswer):
    """The service asks for fewer requests (429); `wait` is for how long, where it says so."""

    default_hint = "Too many requests at once; try again in a minute, the login is kept."


class RenewalDeferred(Unreachable):
    """A renewal failed on the network a moment ago and is not repeated yet."""

    default_hint = "It is tried again by itself; `sso-login refresh --force` tries now."


class ServiceError(SsoLoginError):
    """The service said no: carries its OAuth error code and the AWS request id."""

    exit_code = 6
    default_hint = "Quote the request id when asking AWS Support."

    def __init__(
        self, message: str, *, code: str, reason: str = "", request_id: str = "", hint: str | None = None
    ) -> None:
        """Keep the code (`invalid_grant`, ...), its `reason` and the request id as the service sent them."""
        super().__init__(message, hint=hint)
        self.code = code
        self.reason = reason
        self.request_id = request_id


class MalformedReply(ServiceError):
    """The service answered in JSON that is not what its API promises: a member is missing or of a wrong type."""

    default_hint = "Check the region and any AWS_ENDPOINT_URL setting: this may not be an IAM Identity Center endpoint."

    def __init__(self, message: str, *, request_id: str = "", hint: str | None = None) -> None:
        """Say which member of which reply is wrong, never its content."""
        super().__init__(message, code="malformed_reply", request_id=request_id, hint=hint)


class StorageError(SsoLoginError):
    """The store or its lock cannot be used as it is."""

    exit_code = 7
    default_hint = "See `sso-login status`; for machines without a keyring there is SSO_LOGIN_STORE=file."


class StoreUnusable(StorageError):
    """No keyring, a locked one, or a folder that cannot be written."""


class StoreTimeout(StorageError):
    """The store did not answer within its deadline; nothing was changed by this process."""


class SaveUnknown(StorageError):
    """A save did not answer within its deadline: it may still land, so nothing else is written for that session."""


class BadRecord(StorageError):
    """What is stored is corrupt or not ours."""


class NewerRecord(StorageError):
    """What is stored was written by a newer version of this program."""

    default_hint = "Upgrade sso-login on this machine."


class UnsafeFile(StorageError):
    """A file or folder has another owner, a wider mode, or is a link or no regular file."""


class LockTimeout(StorageError):
    """Another process held the session's lock for longer than we wait."""

    default_hint = "Another sso-login is renewing this session; try again in a moment."


class SchedulerUnusable(StorageError):
    """There is no scheduler, or it cannot be read or written; nothing was changed."""

    default_hint = "See `sso-login doctor`; docs/unattended.md has what to write by hand."


class Interrupted(SsoLoginError):
    """Ctrl-C."""

    exit_code = 130
    default_hint = ""
