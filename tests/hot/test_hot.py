"""The hot path answers only what it is sure of, and then exactly as the ordinary way does."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from sso_login.adapters.aws_files.aws_config import read_config
from sso_login.adapters.aws_files.issuer_config import read_issuers
from sso_login.adapters.secrets.hot_index import Noted
from sso_login.flows.logout import forget
from tests.hot.conftest import START_URL, Both
from tests.support.fakes import chosen

if sys.platform == "win32":
    pytest.skip("the hot path steps aside on Windows", allow_module_level=True)

TOKEN = "the-token\n"


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ([], TOKEN),
        (["my-sso"], TOKEN),
        (["--header"], f"Authorization: Bearer {TOKEN}"),
        (["my-sso", "--header"], f"Authorization: Bearer {TOKEN}"),
        (["--header", "my-sso", "--min-ttl", "15m"], f"Authorization: Bearer {TOKEN}"),
        (["--min-ttl", "0"], TOKEN),
        (["--min-ttl", "59m"], TOKEN),
        (["--min-ttl", "3000", "--min-ttl", "30s"], TOKEN),
    ],
)
def test_what_it_answers_is_what_the_ordinary_way_prints(both: Both, argv: list[str], expected: str) -> None:
    """Byte for byte, with nothing on stderr and exit code 0."""
    assert both.hot(*argv) == expected
    ran = both.ordinary(*argv)
    assert (ran.code, ran.out, ran.err) == (0, expected, "")


@pytest.mark.parametrize(
    "argv",
    [
        ["--min-ttl", "2h"],
        ["--min-ttl", "60m"],
        ["--min-ttl"],
        ["--min-ttl", "soon"],
        ["--min-ttl", "-5"],
        ["--min-ttl", "1.5"],
        ["--min-ttl", "9999999"],
        ["--min-ttl", "\u0665"],
        ["--min-ttl="],
        ["--header=yes"],
        ["-v"],
        ["--help"],
        ["--profile", "default"],
        ["--", "--header"],
        ["my-sso", "my-sso"],
        ["other"],
        ["my-ssO"],
        [""],
        ["\udc80"],
        ["--nonsense"],
    ],
)
def test_every_other_command_line_is_left_to_the_ordinary_way(both: Both, argv: list[str]) -> None:
    """However right it may be."""
    assert both.hot(*argv) is None


def rewritten(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Put other bytes in a file's place."""
    path.write_bytes(content)
    path.chmod(mode)


def same_size_same_times(path: Path, old: str, new: str) -> None:
    """Edit a file as nastily as one can: same size, same times but for ctime, which nobody can set."""
    before = path.stat()
    assert len(old) == len(new)
    path.write_text(path.read_text().replace(old, new))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def swapped(path: Path, new: str) -> None:
    """Rename another file over this one."""
    other = path.with_name("swapped")
    other.write_text(new)
    other.chmod(0o600)
    other.rename(path)


def linked(path: Path) -> None:
    """Put a link in a file's place."""
    moved = path.rename(path.parent.parent / f"moved-{path.name}")
    path.symlink_to(moved)


def folder(path: Path) -> None:
    """Put a folder in a file's place."""
    path.unlink()
    path.mkdir()


def fifo(path: Path) -> None:
    """Put a FIFO in a file's place."""
    path.unlink()
    os.mkfifo(path, 0o600)


def rescued(both: Both) -> None:
    """Pretend that newer tokens lie in memory."""
    (Path(both.env["XDG_RUNTIME_DIR"]) / "sso-login").mkdir(mode=0o700)


EDITS: dict[str, Callable[[Both], object]] = {
    "config: another start URL": lambda b: b.config.write_text(b.config.read_text().replace("/start", "/other")),
    "config: same size, same mtime": lambda b: same_size_same_times(b.config, "/start", "/other"),
    "config: another region": lambda b: same_size_same_times(b.config, "us-east-1", "eu-west-1"),
    "config: another file renamed over it": lambda b: swapped(b.config, b.config.read_text()),
    "config: touched": lambda b: b.config.touch(),
    "config: a comment more": lambda b: b.config.write_text(b.config.read_text() + "# more\n"),
    "config: a profile more": lambda b: b.config.write_text(b.config.read_text() + "[default]\nsso_session = x\n"),
    "config: gone": lambda b: b.config.unlink(),
    "config: a folder": lambda b: folder(b.config),
    "record: gone": lambda b: b.record.unlink(),
    "record: empty": lambda b: rewritten(b.record, b""),
    "record: garbage": lambda b: rewritten(b.record, b"garbage"),
    "record: cut short": lambda b: rewritten(b.record, b.record.read_bytes()[:-20]),
    "record: not text": lambda b: rewritten(b.record, b.record.read_bytes() + b"\xff"),
    "record: newer": lambda b: rewritten(b.record, b.record.read_bytes().replace(b"record 2", b"record 3")),
    "record: encrypted": lambda b: rewritten(b.record, b"sso-login-encrypted 1\nxxxx"),
    "record: too large": lambda b: rewritten(b.record, b.record.read_bytes() + b" " * (1 << 20)),
    "record: a token with a space": lambda b: rewritten(b.record, b.record.read_bytes().replace(b"the-", b"the ")),
    "record: for all to read": lambda b: b.record.chmod(0o644),
    "record: a link": lambda b: linked(b.record),
    "record: a FIFO": lambda b: fifo(b.record),
    "record: expired": lambda b: b.log_in(left=-5),
    "record: about to expire": lambda b: b.log_in(left=50),
    "secrets: a folder for all": lambda b: b.record.parent.chmod(0o755),
    "card: gone": lambda b: b.card.unlink(),
    "card: changed": lambda b: same_size_same_times(b.card, '"us-east-1"', '"eu-west-1"'),
    "card: for all to read": lambda b: b.card.chmod(0o644),
    "card: cut short": lambda b: rewritten(b.card, b.card.read_bytes()[:-3]),
    "card: put off": lambda b: same_size_same_times(b.card, '"retry_after": 0', '"retry_after": 9'),
    "card: lists nothing": lambda b: same_size_same_times(b.card, '"sso-login:sso:my-sso"', '"sso-login:sso:my-ssx"'),
    "card: of another": lambda b: same_size_same_times(b.card, '"name": "my-sso"', '"name": "my-ssx"'),
    "sessions: a folder for all": lambda b: b.card.parent.chmod(0o755),
    "index: gone": lambda b: shutil.rmtree(b.index),
    "index: garbage": lambda b: b.each_question(lambda path: rewritten(path, b"\x00\xff garbage")),
    "index: half a line": lambda b: b.each_question(lambda path: rewritten(path, path.read_bytes()[:-4])),
    "index: another question": lambda b: b.each_question(lambda path: rewritten(path, b"x" + path.read_bytes())),
    "index: for all to read": lambda b: b.each_question(lambda path: path.chmod(0o644)),
    "index: a folder for all": lambda b: b.index.chmod(0o755),
    "index: a link": lambda b: b.each_question(linked),
    "index: a FIFO": lambda b: b.each_question(fifo),
    "rescued tokens": rescued,
}


@pytest.mark.parametrize("edit", EDITS)
def test_any_change_makes_it_step_aside(both: Both, edit: str) -> None:
    """Whatever is edited, swapped, widened or broken: the ordinary way decides."""
    assert both.hot() == both.hot("my-sso") == TOKEN
    EDITS[edit](both)
    assert both.hot() is None
    assert both.hot("my-sso") is None


ENVIRONMENT = {
    "AWS_PROFILE": "other",
    "SSO_LOGIN_SESSION": "other",
    "SSO_LOGIN_STORE": "keyring",
    "SSO_LOGIN_HOME": "/nonexistent",
    "SSO_LOGIN_KEY_FILE": "/nonexistent",
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_ENDPOINT_URL": "https://other.example",
    "AWS_ENDPOINT_URL_SSO_OIDC": "https://other.example",
    "AWS_ENDPOINT_URL_SSO": "https://other.example",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "HOME": "/nonexistent",
}


@pytest.mark.parametrize("name", ENVIRONMENT)
@pytest.mark.parametrize("value", ["another", "empty"])
def test_any_change_of_the_environment_makes_it_step_aside(both: Both, name: str, value: str) -> None:
    """For a session that is named, too: its endpoint may be another one now. Set but empty is a change as well."""
    changed = {name: ENVIRONMENT[name] if value == "another" else ""}
    assert both.hot(**changed) is None
    assert both.hot("my-sso", **changed) is None


def test_it_never_answers_for_the_wrong_session(both: Both) -> None:
    """Two sessions, chosen by name and by environment: each way gives its own token."""
    both.config.write_text(both.config.read_text() + both.config.read_text().replace("my-sso", "two"))
    both.log_in("two", access="token-two")
    for argv, env in ((["my-sso"], {}), (["two"], {}), ([], {"SSO_LOGIN_SESSION": "two"})):
        ran = both.ordinary(*argv, **env)
        assert both.hot(*argv, **env) == ran.out
    assert both.hot(SSO_LOGIN_SESSION="two") == "token-two\n"
    assert both.hot(SSO_LOGIN_SESSION="my-sso") is None
    assert both.hot() is None


def test_a_config_that_has_just_changed_is_not_trusted_yet(both: Both) -> None:
    """Within a second it could change again and keep its stamp, so nothing is noted."""
    both.config.write_text(both.config.read_text() + "# just now\n")
    both.at_rest = 0
    assert both.ordinary().out == TOKEN
    assert both.hot() is None


def test_a_config_that_is_found_in_an_odd_way_is_not_noted(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path or a variable in it means another file elsewhere."""
    monkeypatch.chdir(both.config.parent)
    for odd in ("config", "$WHERE/config"):
        assert both.ordinary(AWS_CONFIG_FILE=odd, WHERE=str(both.config.parent)).out == TOKEN
        assert both.hot(AWS_CONFIG_FILE=odd, WHERE=str(both.config.parent)) is None


def test_without_a_config_the_card_is_enough(both: Both) -> None:
    """A login made by --start-url is answered until a config appears."""
    both.config.unlink()
    assert both.ordinary("my-sso").out == TOKEN
    assert both.hot("my-sso") == TOKEN
    both.config.write_text(f"[sso-session my-sso]\nsso_start_url = {START_URL}x\nsso_region = us-east-1\n")
    assert both.hot("my-sso") is None


def test_the_only_one_known_is_not_meant_any_more_when_there_is_another(both: Both) -> None:
    """Nobody named a session, and somebody logs in to a second one: the ordinary way asks which one is meant."""
    both.config.unlink()
    assert (both.ordinary().out, both.hot()) == (TOKEN, TOKEN)
    both.log_in("another", access="another")
    assert both.hot() is None
    assert both.ordinary().code == 2
    assert (both.ordinary("my-sso").out, both.hot("my-sso")) == (TOKEN, TOKEN)


def test_no_config_on_purpose_is_no_config(both: Both) -> None:
    """AWS_CONFIG_FILE=/dev/null, as in containers: the times of a device say nothing."""
    assert both.ordinary("my-sso", AWS_CONFIG_FILE="/dev/null").out == TOKEN
    assert both.hot("my-sso", AWS_CONFIG_FILE="/dev/null") == TOKEN


def test_names_of_any_kind(both: Both) -> None:
    """Spaces, percent signs, slashes and other alphabets are one field of one line."""
    name = "gr\u00fcn %20/ \u4e2d"
    both.config.write_text(f"[sso-session '{name}']\nsso_start_url = {START_URL}\nsso_region = us-east-1\n", "utf-8")
    both.log_in(name, access="odd-token")
    assert both.ordinary(name).out == "odd-token\n"
    assert both.hot(name) == "odd-token\n"


def test_the_index_stays_bounded(both: Both) -> None:
    """Beyond ten thousand questions the older half goes."""
    for number in range(10_000):
        path = both.index / f"{number:016x}"
        path.touch(0o600)
        os.utime(path, (number, number))
    both.ordinary("my-sso", AWS_PROFILE="default")
    assert len(list(both.index.iterdir())) <= 5_002
    assert both.hot("my-sso", AWS_PROFILE="default") == both.hot() == TOKEN


def test_hundreds_of_profiles_in_turn_stay_hot(both: Both) -> None:
    """There is no question more than the index holds."""
    names = [f"p{number}" for number in range(300)]
    both.config.write_text(both.config.read_text() + "".join(f"[profile {n}]\nsso_session = my-sso\n" for n in names))
    for name in names:
        assert both.ordinary("--profile", name).out == TOKEN
    assert all(both.hot("--profile", name) == TOKEN for name in names)


def test_a_question_is_answered_from_as_many_files_however_many_there_are(both: Both, tmp_path: Path) -> None:
    """The index, the config, one card and one record: their number does not grow with that of sessions or questions."""

    def opened() -> list[str]:
        seen: list[str] = []
        auditing.append(seen.append)
        try:
            assert both.hot("my-sso") == TOKEN
        finally:
            auditing.clear()
        return seen

    few = opened()
    for number in range(50):
        both.log_in(f"other-{number}")
        both.ordinary(f"other-{number}")
    assert opened() == few
    assert len([path for path in few if str(tmp_path) in path]) == 3  # of the config the stamp is enough


auditing: list[Callable[[str], None]] = []


def _audit(event: str, args: tuple[object, ...]) -> None:
    if auditing and event == "open":
        auditing[0](str(args[0]))


sys.addaudithook(_audit)


def test_what_others_do_leaves_a_question_hot(both: Both) -> None:
    """Another session's login and logout, a role that is kept, a login of the same kind: none of them is a reason."""
    both.ordinary("my-sso", AWS_PROFILE="x")
    both.config.write_text(both.config.read_text() + "[profile dev]\nsso_session = my-sso\n")
    asked = (("my-sso",), ("--profile", "dev"))
    for argv in asked:
        both.ordinary(*argv)
    world = both.world(both.env, lambda _notice: None)
    both.log_in("another")
    assert [both.hot(*argv) for argv in asked] == [TOKEN, TOKEN]
    forget(world, chosen(name="another"), local=True)
    card = world.cards.read("my-sso")
    assert card
    world.cards.write(replace(card, entries=(*card.entries, "sso-login:role:my-sso:111122223333:Read")))
    assert [both.hot(*argv) for argv in asked] == [TOKEN, TOKEN]
    both.log_in(access="another")
    assert [both.hot(*argv) for argv in asked] == ["another\n", "another\n"]
    assert both.ordinary("my-sso").out == "another\n"


def test_writers_lose_none_of_each_others_questions(both: Both) -> None:
    """Many at once: each has its own file."""
    config = read_config(both.env)._replace(issuers=read_issuers(both.env))

    def note(number: int) -> None:
        env = {**both.env, "AWS_PROFILE": f"p{number}"}
        world = both.world(env, lambda _notice: None)
        card = world.cards.read("my-sso")
        assert card
        noted = Noted("my-sso", card.instance.binding, "sso-login:sso:my-sso")
        world.index.note(("token", "my-sso", ""), noted, config=config)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(note, range(64)))
    assert [both.hot("my-sso", AWS_PROFILE=f"p{number}") for number in range(64)] == [TOKEN] * 64


def test_a_token_that_cannot_be_renewed_is_not_noted(both: Both) -> None:
    """What comes with a warning goes the ordinary way each time."""
    both.log_in(left=50)
    shutil.rmtree(both.index)
    ran = both.ordinary(AWS_ENDPOINT_URL_SSO_OIDC="http://127.0.0.1:9")
    assert ran.code != 0
    assert not both.index.exists()


def test_an_index_that_cannot_be_written_is_done_without(both: Both) -> None:
    """It only saves time."""
    shutil.rmtree(both.index)
    both.index.touch()
    ran = both.ordinary()
    assert (ran.code, ran.out, ran.err) == (0, TOKEN, "")
    assert both.hot() is None


def test_the_token_of_a_profile_is_no_answer_to_a_plain_question(both: Both) -> None:
    """`token --profile x` leaves nothing that `token` could take for its own, whichever was asked first."""
    both.config.write_text(
        both.config.read_text()
        + f"[sso-session other]\nsso_start_url = {START_URL}/other\nsso_region = us-east-1\n"
        + "[profile x]\nsso_session = other\n[default]\nsso_session = my-sso\n"
    )
    both.log_in("other", access="the-other-token", start_url=f"{START_URL}/other")
    assert both.ordinary("--profile", "x").out == "the-other-token\n"
    assert both.hot() in {None, "the-token\n"}
    assert both.ordinary().out == "the-token\n"
    assert both.ordinary("--profile", "x").out == "the-other-token\n"
    assert both.hot() == "the-token\n"
    assert both.hot("other") in {None, "the-other-token\n"}


def test_a_token_of_a_clock_that_was_ahead_is_for_the_ordinary_way(both: Both) -> None:
    """Issued tomorrow by its record's head: the ordinary way renews it, or says why not."""
    both.ordinary()
    assert both.hot() == "the-token\n"
    world = both.world(both.env, lambda _notice: None)
    stored = world.store("file").load("my-sso")
    assert stored is not None
    world.store("file").save(replace(stored, token=replace(stored.token, issued_at=int(time.time()) + 86_400)))
    assert both.hot() is None
    assert "warning: " in both.ordinary().err  # it was to be renewed, and there is no network


def test_a_copied_folder_answers_for_itself(both: Both, tmp_path: Path) -> None:
    """Its index names nothing of the folder that it was copied from."""
    both.ordinary()
    copy = tmp_path / "copy"
    shutil.copytree(both.home, copy, symlinks=True)
    both.log_in(access="another-token")
    assert both.ordinary(SSO_LOGIN_HOME=str(copy)).out == "the-token\n"
    assert both.hot(SSO_LOGIN_HOME=str(copy)) == "the-token\n"
    assert both.ordinary().out == "another-token\n"


def test_a_home_that_others_may_write_in_is_refused(both: Both) -> None:
    """By both ways: whoever may write there can put another login in the place of ours."""
    both.ordinary()
    both.home.chmod(0o777)
    assert both.hot() is None
    done = both.ordinary()
    assert (done.code, done.out) == (7, "")
    assert f"hint: Fix it: `chmod go-w {both.home}`." in done.err
    both.home.chmod(0o755)
    assert both.hot() == "the-token\n"
