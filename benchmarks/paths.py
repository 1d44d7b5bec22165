"""The paths that have a budget, by store: what a script would write, and what a human waits for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from benchmarks.home import CREDENTIALS, PROFILE, Home
from benchmarks.measure import Case

COLD: Final = "--min-ttl=61.5s"  # a form that is right, and left to the ordinary way
_EXEC: Final = ("exec", "--profile", PROFILE, "--", "/bin/true")
# Name, budget for the file store and for the keyring, words.
HOT: Final[Sequence[tuple[str, float, float, tuple[str, ...]]]] = (
    ("`token`, valid", 1.00, 1.10, ("token",)),
    ("`credentials`, cached", 1.00, 1.10, CREDENTIALS),
    (
        "`token --profile=P --min-ttl=5m --header -q`",
        1.10,
        1.20,
        ("token", f"--profile={PROFILE}", "--min-ttl=5m", "--header", "-q"),
    ),
    ("`token --json --no-input`", 1.10, 1.20, ("token", "--json", "--no-input")),
    (
        "`credentials --profile=P --format=process`",
        1.10,
        1.20,
        ("credentials", f"--profile={PROFILE}", "--format=process"),
    ),
    ("`exec --profile P -- true`, cached", 1.35, 1.60, _EXEC),
    ("`refresh --all --quiet`, idle", 1.35, 1.60, ("refresh", "--all", "--quiet")),
    ("`status --check`", 1.35, 1.60, ("status", "--check")),
    ("`status --check --within 10m`", 1.35, 1.60, ("status", "--check", "--within", "10m")),
    ("`status --short`", 1.35, 1.60, ("status", "--short")),
)


def hot(home: Home, name: str, *argv: str, budget: float) -> Case:
    """Make a case of what the hot path is to answer, once it has been asked the ordinary way; the name says if not."""
    home.run(*argv)
    return home.case(name if home.is_hot(*argv) else f"{name} (NOT ON THE HOT PATH)", *argv, budget=budget)


def budgeted(file: Home, keyring: Home | None, renewed: Home, over_tls: Home | None) -> list[Case]:
    """Give the cases: those of the hot path store by store, then the ordinary way."""
    paths = [hot(file, f"{name}, file store", *argv, budget=budget) for name, budget, _, argv in HOT]
    if keyring:
        paths += [hot(keyring, f"{name}, Secret Service", *argv, budget=budget) for name, _, budget, argv in HOT]
        paths.append(keyring.case("off the hot path (`token`), Secret Service", "token", COLD, budget=8.5))
    paths += [
        file.case("`--help`", "--help", budget=6),
        file.case("`--version`", "--version", budget=6),
        file.case("`status --json`, file store", "status", "--json", budget=6),
        file.case("off the hot path (`token`), file store", "token", COLD),
        renewed.case("a renewal (`refresh --force`), file store", "refresh", "--force", budget=12.5),
        file.case("Tab: a command", "__complete", "bash", "sso-login to", "to", budget=5),
        file.case("Tab: a session", "__complete", "zsh", "token", "w", budget=5),
        file.case("Tab: a profile", "__complete", "bash", "sso-login credentials --profile w", "w", budget=5),
    ]
    if over_tls:
        paths.append(over_tls.case("the same renewal over TLS, with a CA bundle of our own", "refresh", "--force"))
    return paths
