"""Says why a module that sso-login needs is not the one it should be: in one sentence, in place of a traceback.

A file such as click.py in a folder of PYTHONPATH, or in the working folder under `python -m`, is imported in place of
the package of that name. It is told from a package by what an installer leaves beside one (`click-8.2.1.dist-info`).
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGES = (
    *("click", "urllib3", "certifi", "idna", "rich", "pygments", "markdown_it"),
    *("keyring", "jaraco", "secretstorage", "jeepney", "cryptography", "cffi", "segno", "truststore"),
)
HINT = "Rename it, or start sso-login without PYTHONPATH and from another folder."
BROKEN = "Install sso-login again, such as with `pipx reinstall sso-login`."


def explained(error: BaseException) -> tuple[str, str] | None:
    """Give message and hint where an import is to blame for that exception, None where it is a bug of ours."""
    found = next(((name, path) for name, path in _shadows() if _had_a_part(path, name, error)), None)
    if found:
        return f"{found[1]} is imported in place of the module {found[0]} that sso-login needs", HINT
    missing = _missing(error)
    if missing:
        return f"the Python package {missing} cannot be imported: the installation of sso-login is broken", BROKEN
    return None


def _shadows() -> Iterator[tuple[str, str]]:
    """List what stands in the way of a package of ours, or of a module of Python itself: name and path."""
    library = os.path.dirname(os.path.abspath(os.__file__))
    before = True  # what comes behind the standard library takes nobody's place
    for folder in dict.fromkeys(os.path.abspath(folder or os.curdir) for folder in sys.path):
        if folder == library:
            before = False
            continue
        try:
            names = os.listdir(folder)
        except OSError:
            continue  # a zip file, or nothing at all
        for name in sorted(names):
            module, path = name.removesuffix(".py"), os.path.join(folder, name)
            ours = module in PACKAGES and not _installed(module, names)
            if ours or (before and module in sys.stdlib_module_names):
                if name.endswith(".py"):
                    yield module, path
                elif os.path.isfile(os.path.join(path, "__init__.py")):
                    yield module, os.path.join(path, "__init__.py")


def _had_a_part(path: str, module: str, error: BaseException | None) -> bool:
    if getattr(sys.modules.get(module), "__file__", None) == path:
        return True
    while error is not None:
        if isinstance(error, SyntaxError) and error.filename == path:
            return True
        traceback = error.__traceback__
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename == path:
                return True
            traceback = traceback.tb_next
        error = error.__cause__ or error.__context__
    return False


def _installed(module: str, names: list[str]) -> bool:
    same = module.replace("_", "-")
    beside = (name.lower().replace("_", "-") for name in names if name.endswith((".dist-info", ".egg-info")))
    return any(name.startswith((f"{same}-", f"{same}.")) for name in beside)


def _missing(error: BaseException | None) -> str:
    while error is not None:
        if isinstance(error, ImportError):
            name = (error.name or "").partition(".")[0]
            if name in PACKAGES or name in sys.stdlib_module_names:
                return name
        error = error.__cause__ or error.__context__
    return ""
