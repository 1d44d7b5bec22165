"""The AWS config file as a value: what stands in it that concerns us, and which endpoint it and the environment name.

Nothing is checked before it is chosen, so that a broken section never stands in the way of another one.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from sso_login.core import role_command
from sso_login.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.core.role_command import RoleCommand


V = TypeVar("V")

# Keys by which a profile says where its credentials come from.
CREDENTIAL_KEYS: Final = (
    *("sso_session", "sso_start_url", "sso_account_id", "sso_role_name"),
    *("role_arn", "source_profile", "credential_source", "web_identity_token_file", "credential_process"),
    *("aws_access_key_id", "aws_secret_access_key", "aws_session_token"),
)
LOGIN_SESSION: Final = "login_session"  # by which the AWS SDKs find a login by AWS Sign-In

# Named tuples here: four dataclasses would take a tenth of all the time that `status` has.
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class SsoSection(NamedTuple):
    """One `[sso-session NAME]`; `title` is the section's head as written, without its brackets."""

    name: str
    title: str
    start_url: str | None = None
    region: str | None = None
    scopes: tuple[str, ...] = ()
    sdk_cache: bool = False


class Profile(NamedTuple):
    """One `[profile NAME]` or `[default]`; a switch is None where it is not set.

    `region` is sso_region, where the session lives; `default_region` is the key `region`, where work is done.
    """

    name: str
    title: str
    sso_session: str | None = None
    start_url: str | None = None
    region: str | None = None
    scopes: tuple[str, ...] = ()
    sdk_cache: bool = False
    account_id: str | None = None
    role_name: str | None = None
    endpoint_url: str | None = None
    services: str | None = None
    ignore_endpoints: bool | None = None
    fips: bool | None = None
    dualstack: bool | None = None
    default_region: str | None = None
    credential_process: str | None = None
    role_arn: str | None = None
    source_profile: str | None = None
    external_id: str | None = None
    role_session_name: str | None = None
    duration_seconds: str | None = None
    mfa_serial: str | None = None
    credential_source: str | None = None
    login_session: str | None = None
    ca_bundle: str | None = None

    @property
    def ours(self) -> RoleCommand | None:
        """What its credential_process says, where that is a command line of ours and no sso key goes first."""
        if self.sso_session or self.start_url or not self.credential_process:
            return None
        return role_command.read(self.credential_process)

    @property
    def target(self) -> tuple[str | None, str | None]:
        """The account and the role that it names itself."""
        said = self.ours
        return (said.account, said.role) if said else (self.account_id, self.role_name)

    @property
    def legacy(self) -> bool:
        """Tell whether the profile is a session itself, rather than pointing to one."""
        return not self.sso_session and bool(self.start_url)

    @property
    def has_session(self) -> bool:
        """Tell whether the profile is a session or points to one, by sso keys or a credential_process of ours."""
        return bool(self.sso_session or self.start_url or self.ours)


class IssuerSection(NamedTuple):
    """One `[issuer NAME]` of our own config file; `secret` says that its client secret lies in the store."""

    name: str
    title: str
    issuer: str = ""
    client_id: str = ""
    scopes: tuple[str, ...] = ()
    audience: str = ""
    resources: tuple[str, ...] = ()
    device_endpoint: str = ""
    token_endpoint: str = ""
    authorize_endpoint: str = ""
    revocation_endpoint: str = ""
    secret: bool = False


class Issuers(NamedTuple):
    """Our own config file; a missing one has no sections. `stamp` is as that of AwsConfig."""

    path: str = ""
    sections: Mapping[str, IssuerSection] = _NOTHING
    stamp: tuple[int, int, int, int, int] | None = None

    def place(self, title: str) -> str:
        """Name a section of the file for a person, on one line whatever its name."""
        return f"[{repr(title)[1:-1]}] of {self.path}"


class Named(dict[str, V]):
    """Values by their names, found in either way to write letters with accents, as macOS takes both (NFC, NFD)."""

    def get(self, name: str, default: V | None = None) -> V | None:  # type: ignore[override] # names are text
        """Give the value of that name."""
        return super().get(self._spelled(name), default)

    def __getitem__(self, name: str) -> V:
        """Give the value of that name; raise KeyError."""
        return super().__getitem__(self._spelled(name))

    def __contains__(self, name: object) -> bool:
        """Tell whether there is such a name."""
        return super().__contains__(self._spelled(name) if isinstance(name, str) else name)

    def _spelled(self, name: str) -> str:
        if name.isascii() or super().__contains__(name):
            return name
        import unicodedata

        composed = unicodedata.normalize("NFC", name)
        return next((each for each in self if unicodedata.normalize("NFC", each) == composed), name)


class AwsConfig(NamedTuple):
    """The whole file; a missing one has no sections.

    `services` holds the nested settings of each `[services NAME]` by service id, None where they
    cannot be read. `elsewhere` names profiles of the credentials file, where that was looked at.
    `stamp` is (dev, ino, size, mtime_ns, ctime_ns) of the very file that was read. `issuers` is what our own config
    file has.
    """

    path: str
    sessions: Mapping[str, SsoSection] = _NOTHING
    profiles: Mapping[str, Profile] = _NOTHING
    services: Mapping[str, Mapping[str, Mapping[str, str] | None]] = _NOTHING
    stamp: tuple[int, int, int, int, int] | None = None
    elsewhere: frozenset[str] = frozenset()
    issuers: Issuers = Issuers()

    def place(self, title: str) -> str:
        """Name a section of the file for a person, on one line whatever its name."""
        return f"[{repr(title)[1:-1]}] of {self.path}"


def named_by_environment(env: Mapping[str, str]) -> tuple[str, str]:
    """Tell which profile the environment names, and by which variable; both empty where it names none.

    AWS_PROFILE goes before AWS_DEFAULT_PROFILE; one that is empty says nothing.
    """
    return next(((env[name], name) for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE") if env.get(name)), ("", ""))


def current_profile(env: Mapping[str, str]) -> str:
    """Name the profile that counts where none is said: the environment's, else `default`."""
    return named_by_environment(env)[0] or "default"


def is_true(text: str) -> bool:
    """Read a switch as the AWS SDKs do: `true` in any case, everything else is off."""
    return text.lower() == "true"


def switched(env: Mapping[str, str], variable: str, *, profile: bool | None) -> bool | None:
    """Read a switch of the environment, else of the profile; None where neither sets it."""
    said = env.get(variable)
    return profile if said is None else is_true(said)


class Endpoint(NamedTuple):
    """An endpoint override and where it is set, for error messages; an empty URL for none."""

    url: str = ""
    place: str = ""


def endpoint(service: str, *, config: AwsConfig, profile: Profile | None, env: Mapping[str, str]) -> Endpoint:
    """Find the override for a service id (`sso_oidc`, `sso`, `signin`, `sts`) in the order the SDKs look; ConfigError.

    Source: botocore's ConfiguredEndpointProvider and the SDK reference's "Service-specific endpoints".
    """
    ignored = switched(
        env, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", profile=profile.ignore_endpoints if profile else None
    )
    if ignored:
        return Endpoint()
    for variable in (f"AWS_ENDPOINT_URL_{service.upper()}", "AWS_ENDPOINT_URL"):
        if url := env.get(variable):
            return Endpoint(url, variable)
    if profile is None:
        return Endpoint()
    if profile.services is not None and (url := _of_services(service, profile.services, config=config)):
        return Endpoint(url, f"{service} endpoint_url in {config.place(f'services {profile.services}')}")
    if profile.endpoint_url:
        return Endpoint(profile.endpoint_url, f"endpoint_url in {config.place(profile.title)}")
    return Endpoint()


def _of_services(service: str, name: str, *, config: AwsConfig) -> str:
    section = config.services.get(name)
    place = config.place(f"services {name}")
    if not section:
        message = f"{place} is missing or empty, though the profile names it"
        raise ConfigError(message)
    settings = section.get(service, {})
    if settings is None:
        message = f"{service} in {place} is not a block of indented `key = value` lines"
        raise ConfigError(message)
    return settings.get("endpoint_url", "")
