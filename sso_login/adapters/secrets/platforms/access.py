"""Windows' access lists: who may get at a file or folder, and a folder that is its owner's alone.

The system's own account and the administrators have access to everything anyway, as root has elsewhere.
"""

from __future__ import annotations

import re
import sys
from typing import Final

# SDDL: nothing handed down by the folder above; owner, system, administrators; for all that is made inside, too.
PRIVATE: Final = "D:P(A;OICI;FA;;;OW)(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
_TRUSTED: Final = frozenset(
    {"SY", "BA", "CO", "OW", "S-1-5-18", "S-1-5-32-544", "S-1-3-0", "S-1-3-4"}  # S-1-3-4: owner rights
)
_LISTS: Final = re.compile(r"D:[A-Z_]*((?:\([^)]*\))*)")
_ENTRY: Final = re.compile(r"\(([^)]*)\)")
_ALLOWS: Final = frozenset({"A", "OA", "XA", "ZA"})


def fault_of(sddl: str, *, mine: str) -> str:
    """Say what is unsafe about a security descriptor in SDDL: `owner`, `mode`, or nothing; `mine` is our user's SID."""
    ours = _TRUSTED | {mine} | ({"LA"} if mine.endswith("-500") else frozenset())
    owner = re.match(r"O:(S-[0-9-]+|[A-Z]{2})", sddl)
    if owner and owner[1] not in ours:
        return "owner"
    lists = _LISTS.search(sddl)
    if lists is None or "NO_ACCESS_CONTROL" in sddl:
        return "mode"  # without any list everybody may
    entries = (entry.split(";") for entry in _ENTRY.findall(lists[1]))
    return "mode" if any(entry[0] in _ALLOWS and entry[5] not in ours for entry in entries) else ""


def fault(path: str) -> str:
    """Say what is unsafe about who may get at a path: `owner`, `mode`, or nothing, as everywhere but on Windows."""
    if sys.platform == "win32":
        return fault_of(_descriptor(path), mine=_user())
    return ""


def make_private(path: str) -> None:
    """Let a folder be its owner's alone, whatever the folder above hands down; raise OSError."""
    if sys.platform == "win32":
        _restrict(path)


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _OWNER_AND_LIST: Final = 0x1 | 0x4
    _LIST_PROTECTED: Final = 0x4 | 0x80000000
    _FILE: Final = 1
    _QUERY: Final = 0x8
    _advapi = ctypes.WinDLL("advapi32", use_last_error=True)
    _kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    _kernel.LocalFree.argtypes = (ctypes.c_void_p,)
    _kernel.GetCurrentProcess.restype = wintypes.HANDLE
    _kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
    _advapi.OpenProcessToken.argtypes = (wintypes.HANDLE, wintypes.DWORD, ctypes.POINTER(wintypes.HANDLE))
    _advapi.GetTokenInformation.argtypes = (
        wintypes.HANDLE,
        ctypes.c_int,
        ctypes.c_void_p,
        wintypes.DWORD,
        ctypes.POINTER(wintypes.DWORD),
    )
    _advapi.ConvertSidToStringSidW.argtypes = (ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p))

    def _text(found: ctypes.c_void_p) -> str:
        try:
            return ctypes.wstring_at(found.value or 0)
        finally:
            _kernel.LocalFree(found)

    def _descriptor(path: str) -> str:
        descriptor, text = ctypes.c_void_p(), ctypes.c_void_p()
        wrong = _advapi.GetNamedSecurityInfoW(
            ctypes.c_wchar_p(path), _FILE, _OWNER_AND_LIST, None, None, None, None, ctypes.byref(descriptor)
        )
        if wrong:
            raise ctypes.WinError(wrong)
        try:
            if not _advapi.ConvertSecurityDescriptorToStringSecurityDescriptorW(
                descriptor, 1, _OWNER_AND_LIST, ctypes.byref(text), None
            ):
                raise ctypes.WinError(ctypes.get_last_error())
            return _text(text)
        finally:
            _kernel.LocalFree(descriptor)

    def _user() -> str:
        token, size, text = wintypes.HANDLE(), wintypes.DWORD(), ctypes.c_void_p()
        if not _advapi.OpenProcessToken(_kernel.GetCurrentProcess(), _QUERY, ctypes.byref(token)):
            raise ctypes.WinError(ctypes.get_last_error())
        try:
            buffer = ctypes.create_string_buffer(256)  # TOKEN_USER: a pointer to the SID, which follows
            if not _advapi.GetTokenInformation(token, 1, buffer, len(buffer), ctypes.byref(size)):
                raise ctypes.WinError(ctypes.get_last_error())
            sid = ctypes.cast(buffer, ctypes.POINTER(ctypes.c_void_p))[0]
            if not _advapi.ConvertSidToStringSidW(sid, ctypes.byref(text)):
                raise ctypes.WinError(ctypes.get_last_error())
            return _text(text)
        finally:
            _kernel.CloseHandle(token)

    def _restrict(path: str) -> None:
        descriptor = ctypes.c_void_p()
        if not _advapi.ConvertStringSecurityDescriptorToSecurityDescriptorW(
            ctypes.c_wchar_p(PRIVATE), 1, ctypes.byref(descriptor), None
        ):
            raise ctypes.WinError(ctypes.get_last_error())
        try:
            if not _advapi.SetFileSecurityW(ctypes.c_wchar_p(path), _LIST_PROTECTED, descriptor):
                raise ctypes.WinError(ctypes.get_last_error())
        finally:
            _kernel.LocalFree(descriptor)
