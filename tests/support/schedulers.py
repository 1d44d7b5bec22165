"""Schedulers that are shell scripts: a crontab in a file, and others that remember what they were told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

CRONTAB: Final = """\
case "$1" in
-l) [ ! -e "{folder}/refuse" ] || {{ cat "{folder}/refuse" >&2; exit 1; }}
    [ -e "{folder}/tab" ] || {{ echo "no crontab for me" >&2; exit 1; }}
    cat "{folder}/tab" ;;
-r) rm "{folder}/tab" ;;
-)  cat > "{folder}/new"
    if [ -n "$(tail -c 1 "{folder}/new")" ] && [ ! -e "{folder}/lenient" ]; then
      echo "new crontab file is missing newline before EOF, can't install." >&2; exit 1
    fi
    mv "{folder}/new" "{folder}/tab" ;;
esac
"""
SYSTEMCTL: Final = """\
echo "$*" >> "{folder}/systemctl.log"
[ ! -e "{folder}/no-manager" ] || {{ echo "Failed to connect to bus: No medium found" >&2; exit 1; }}
case "$*" in
*is-active*) [ -e "{folder}/active" ] ;;
*restart*) [ ! -e "{folder}/broken" ] || {{ echo "Job failed." >&2; exit 1; }}
    : > "{folder}/active" ;;
*disable*) rm -f "{folder}/active" ;;
*list-timers*) echo '[{{"next":1800000300498517,"left":1,"unit":"sso-login-refresh.timer"}}]' ;;
esac
"""
LOGGED: Final = """\
echo "$*" >> "{folder}/{name}.log"
[ ! -e "{folder}/{name}.fails" ] || [ "$1" != "$(cat "{folder}/{name}.fails")" ] || {{ echo "it failed" >&2; exit 5; }}
"""


@dataclass
class Desk:
    """A folder of such scripts, for PATH, and what they keep."""

    folder: Path

    def script(self, name: str, text: str) -> None:
        """Put a script there."""
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\n" + text.format(folder=self.folder, name=name))
        path.chmod(0o755)

    @property
    def path(self) -> str:
        """Give PATH: these scripts, and the few programs that they need themselves."""
        tools = self.folder / "tools"
        if not tools.exists():
            tools.mkdir()
            for name in ("cat", "rm", "mv", "tail", "sh", "env"):
                found = next(each for each in (Path("/usr/bin", name), Path("/bin", name)) if each.exists())
                (tools / name).symlink_to(found)
        (self.folder / "bin").mkdir(exist_ok=True)
        return f"{self.folder / 'bin'}:{tools}"

    @property
    def tab(self) -> bytes | None:
        """Give the crontab, None where there is none."""
        path = self.folder / "tab"
        return path.read_bytes() if path.exists() else None

    @tab.setter
    def tab(self, content: bytes) -> None:
        (self.folder / "tab").write_bytes(content)

    def told(self, name: str) -> list[str]:
        """Give the command lines that a script was called with."""
        path = self.folder / f"{name}.log"
        return path.read_text().splitlines() if path.exists() else []

    def mark(self, name: str, text: str = "") -> None:
        """Have a script fail, by the file that it looks for."""
        (self.folder / name).write_text(text)


def with_crontab(folder: Path) -> Desk:
    """Give a system that has a crontab and nothing else."""
    desk = Desk(folder)
    desk.script("crontab", CRONTAB)
    return desk
