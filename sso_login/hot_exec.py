"""`exec` with cached credentials: what it becomes, at the cost of starting Python."""

from sso_login import hot, layout

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def program(argv: "Sequence[str]", env: "Mapping[str, str]") -> "tuple[list[str], dict[str, str]] | None":
    """Give what `sso-login exec ARGV` becomes, and its whole environment; None to step aside."""
    said = hot.parsed(argv)
    found = hot.asked(said, env) if said and said["command"] == "exec" else None
    if said is None or found is None:
        return None
    extra, _, record = found
    # As core/process.py writes them, letter for letter: nothing in them has to be escaped.
    parts = record[2].split('"')
    expected = ["{", "Version", ":1,", "AccessKeyId", ":", ",", "SecretAccessKey", ":", ",", "SessionToken", ":", ","]
    names = [part for at, part in enumerate(parts[:17]) if at not in {5, 9, 13}]
    if "\\" in record[2] or names != [*expected, "Expiration", ":"]:
        return None
    kept = {name: value for name, value in env.items() if name not in layout.CLEARED}
    given = zip(layout.FROM_RECORD, parts[5:18:4], strict=True)
    more = [(name, value) for name, _, value in (each.partition("=") for each in layout.unquoted(extra).split("\0"))]
    command = list(argv[len(argv) - int(said["rest"]) :])
    return command, {**kept, **dict(given), **dict(more if extra else ())}
