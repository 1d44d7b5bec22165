"""Words that people try, from other tools or by habit, and what they are called here."""

from __future__ import annotations

from typing import Final

# What was typed -> the command, as a hint ends: "Log in with `sso-login device`."
COMMANDS: Final = {
    **dict.fromkeys(("login", "log-in", "auth", "sso", "connect"), "Log in with `sso-login device`."),
    **dict.fromkeys(("signout", "sign-out", "logoff", "log-out"), "Log out with `sso-login logout`."),
    **dict.fromkeys(("whoami", "who", "sessions", "session", "info", "check"), "See `sso-login status`."),
    **dict.fromkeys(("list", "ls"), "`sso-login roles` and `sso-login accounts` list what you may use."),
    "account": "See `sso-login accounts`.",
    "role": "See `sso-login roles`.",
    **dict.fromkeys(("init", "setup", "config", "add"), "Log in with `sso-login device`: it asks for what is missing."),
    **dict.fromkeys(
        ("profiles", "profile", "populate", "generate"),
        "Write a profile for each role: `sso-login configure profiles`.",
    ),
    **dict.fromkeys(
        ("assume", "switch", "use", "shell", "run", "eval"),
        "`sso-login exec` opens a shell with a role's credentials.",
    ),
    **dict.fromkeys(
        ("env", "export", "export-credentials", "creds", "process"),
        "`sso-login credentials --format env` prints them for a shell.",
    ),
    **dict.fromkeys(("open", "web", "browse"), "Open the AWS console with `sso-login console`."),
    **dict.fromkeys(("renew", "sync"), "Renew logins with `sso-login refresh`."),
    **dict.fromkeys(("flush", "clear", "forget", "remove"), "Forget logins with `sso-login logout --all`."),
    "cron": "`sso-login refresh --all --quiet` is the command for cron.",
    "version": "`--version` shows it.",
    "completions": "See `sso-login completion --help`.",
    "demo": "Try it without AWS: `sso-login emulator -- sso-login device`.",
}

# What was typed -> options that mean it, of which the first that the command has is named.
OPTIONS: Final = {
    "--output": ("--json", "--format"),
    "-o": ("--json", "--format"),
    "--format": ("--json",),
    "--sso-session": ("--session", "SESSION"),
    "--session": ("SESSION",),
    "--sso-start-url": ("--start-url",),
    "--url": ("--start-url",),
    "--sso-region": ("--region",),
    "--account-id": ("--account",),
    "--account-name": ("--account",),
    "--role-name": ("--role",),
    "-p": ("--profile",),
    "-a": ("--account",),
    "-r": ("--role",),
    "--debug": ("--verbose",),
    "-d": ("--verbose",),
    "--silent": ("--quiet",),
    "-s": ("--quiet",),
    "--yes": ("--no-input",),
    "-y": ("--no-input",),
    "--non-interactive": ("--no-input",),
    "-f": ("--force",),
    "--open": ("--destination",),
    "--url-only": ("--print",),
    "--no-open": ("--print", "--no-browser"),
}
