"""Windows' data protection (CryptProtectData): what one user of one machine sealed, nobody else opens.

The key lies in the user's profile, protected by the log-on password; there is nothing to keep or to lose by hand.
"""

from __future__ import annotations

import sys
from typing import Final

LABEL: Final = "DPAPI"


def opens() -> bool:
    """Tell whether this platform has it."""
    return sys.platform == "win32"


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _NO_WINDOW: Final = 0x1  # CRYPTPROTECT_UI_FORBIDDEN: nobody may be asked

    class _Blob(ctypes.Structure):
        _fields_ = (("size", wintypes.DWORD), ("data", ctypes.POINTER(ctypes.c_char)))

        @classmethod
        def of(cls, content: bytes) -> _Blob:
            buffer = ctypes.create_string_buffer(content, len(content))
            return cls(len(content), ctypes.cast(buffer, ctypes.POINTER(ctypes.c_char)))

    _crypt = ctypes.WinDLL("crypt32", use_last_error=True)
    _kernel = ctypes.WinDLL("kernel32")
    _kernel.LocalFree.argtypes = (ctypes.c_void_p,)

    def sealed(plain: bytes, *, bound: bytes) -> bytes:
        """Encrypt for this user on this machine; only with the same `bound` can it be opened again. Raise OSError."""
        found = _Blob()
        given, extra = _Blob.of(plain), _Blob.of(bound)
        done = _crypt.CryptProtectData(
            ctypes.byref(given), None, ctypes.byref(extra), None, None, _NO_WINDOW, ctypes.byref(found)
        )
        if not done:
            raise ctypes.WinError(ctypes.get_last_error())
        return _taken(found)

    def opened(content: bytes, *, bound: bytes) -> bytes | None:
        """Decrypt; None unless this user sealed it on this machine and every bit is as it was."""
        found = _Blob()
        given, extra = _Blob.of(content), _Blob.of(bound)
        done = _crypt.CryptUnprotectData(
            ctypes.byref(given), None, ctypes.byref(extra), None, None, _NO_WINDOW, ctypes.byref(found)
        )
        return _taken(found) if done else None

    def _taken(found: _Blob) -> bytes:
        try:
            return ctypes.string_at(found.data, found.size)
        finally:
            _kernel.LocalFree(found.data)

else:

    def sealed(plain: bytes, *, bound: bytes) -> bytes:
        """Refuse: it is Windows' alone."""
        raise NotImplementedError(len(plain), len(bound))

    def opened(content: bytes, *, bound: bytes) -> bytes | None:
        """Open nothing: it is Windows' alone."""
        del content, bound
        return None
