"""How the emulated instance behaves and whom it knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Rotation = Literal["strict", "grace", "none"]
TokenType = Literal["aws_sigv4", "urn:aws:params:oauth:token-type:access_token_sigv4"]
HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class Account:
    """An AWS account the emulated user may use; the service leaves name and e-mail out where there is none."""

    id: str
    name: str | None
    email: str | None
    roles: tuple[str, ...]


ACCOUNTS: Final = (
    Account("111122223333", "Harbour Production", "aws-production@harbour.example", ("ReadOnlyAccess", "Deployer")),
    Account("222233334444", "Harbour Staging", "aws-staging@harbour.example", ("Developer", "ReadOnlyAccess")),
    Account("333344445555", "Harbour Sandbox", "aws-sandbox@harbour.example", ("AdministratorAccess",)),
    Account("444455556666", None, None, ("Auditor",)),
)


@dataclass(frozen=True, slots=True)
class Assumable:
    """A role that AssumeRole may give: its ARN, and what its trust policy says.

    `trusts` are patterns (`*` for anything) of the ARNs of whoever may assume it; `longest` is its MaxSessionDuration.
    """

    arn: str
    trusts: tuple[str, ...] = ("*",)
    external_id: str | None = None
    longest: int = HOUR


ASSUMABLE: Final = (
    Assumable("arn:aws:iam::222233334444:role/Deploy"),
    Assumable("arn:aws:iam::333344445555:role/team/Audit", external_id="harbour-audit"),
    Assumable("arn:aws:iam::444455556666:role/Restore", trusts=("arn:aws:sts::222233334444:assumed-role/Deploy/*",)),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The emulated instance's settings; every duration in seconds.

    `rotation` says how refresh tokens age. strict: each is good for one use, a second use revokes the whole login.
    grace: the previous one works until the new one is used. none: the same one stays, and none comes back.
    `page_size` is how much the access portal lists at a time at most, whatever is asked for; `portal_delay` how long it
    lets each call wait for its answer; `portal_rate` how many calls a second it takes, 0 for any number, before it
    answers TooManyRequestsException, and `retry_after` what that says in Retry-After, None for nothing.
    `assumable` are the roles that STS knows.
    `signature_window` is how far a signed request's time may be off; None does not look (for a clock of one's own).
    `marker` stands in every secret that is issued, so that a test can search for leaks.
    `approve` approves every device code by itself a second after it was asked for, and /authorize at once.
    `code_lifetime` is that of device codes and of an open consent page, `authorization_lifetime` that of
    authorization codes (RFC 6749 section 4.1.2 wants ten minutes at most).
    AWS Sign-In's tokens live for `token_lifetime` as well, but for fifteen minutes at most; `token_type` is which of
    both documented values it gives, `permitted` whether the user may sign in with it, `user` the name in its ARN.
    `issuer` makes an OpenID Connect issuer of it, with that `user`, in place of an IAM Identity Center.
    """

    rotation: Rotation = "strict"
    interval: int = 5
    code_lifetime: int = 600
    authorization_lifetime: int = 300
    token_lifetime: int = HOUR
    unscoped_lifetime: int = 8 * HOUR
    role_lifetime: int = HOUR
    session_lifetime: int = 8 * HOUR
    registration_lifetime: int = 90 * 24 * HOUR
    approve: bool = False
    marker: str = "EMULATED"
    start_path: str = "/start"
    region: str = "us-east-1"
    accounts: tuple[Account, ...] = ACCOUNTS
    token_type: TokenType = "aws_sigv4"  # noqa: S105 - the kind of token, no secret
    permitted: bool = True
    user: str = "harbour-master"
    assumable: tuple[Assumable, ...] = ASSUMABLE
    page_size: int = 100
    portal_delay: float = 0.0
    portal_rate: int = 0
    retry_after: int | None = None
    signature_window: int | None = 300
    issuer: bool = False

    @property
    def path(self) -> str:
        """The path of the start URL; an issuer has none."""
        return "" if self.issuer else self.start_path
