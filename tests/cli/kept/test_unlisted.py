"""Logins that lie in the file store and that no card tells of: logout and doctor look into the store itself."""

from __future__ import annotations

from pathlib import Path

from tests.support.shell import Shell


def lost(sh: Shell) -> Path:
    """Log in, lose the card, and give the folder of secrets."""
    sh("device")
    home = Path(sh.env["SSO_LOGIN_HOME"])
    (home / "sessions" / "my-sso").unlink()
    assert list((home / "secrets").iterdir())
    return home / "secrets"


def test_logout_all_leaves_nothing(sh: Shell) -> None:
    """The record goes, and what was not done is told."""
    secrets = lost(sh)
    ran = sh("logout", "--all", "--local")
    assert (ran.code, ran.err, list(secrets.iterdir())) == (0, "my-sso: signed out\n", [])


def test_logout_by_name_leaves_nothing(sh: Shell) -> None:
    """Also where the config knows no such session any more."""
    secrets = lost(sh)
    Path(sh.env["AWS_CONFIG_FILE"]).write_text("")
    ran = sh("logout", "my-sso", "--local")
    assert (ran.code, ran.err, list(secrets.iterdir())) == (0, "my-sso: signed out\n", [])


def test_doctor_names_it_with_the_way_out(sh: Shell) -> None:
    """The very command that removes it."""
    lost(sh)
    ran = sh("doctor")
    assert "a login of my-sso lies in the file store, and no card tells of it" in ran.out
    assert "`sso-login logout my-sso` removes it" in ran.out
