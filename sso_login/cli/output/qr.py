"""An address as a QR code of half blocks, two modules a character."""

from __future__ import annotations

from typing import Final

QUIET: Final = 4  # modules of light around the code (ISO/IEC 18004)
_BLOCKS: Final = {(True, True): "\u2588", (True, False): "\u2580", (False, True): "\u2584", (False, False): " "}


def qr(text: str, *, light: bool) -> list[str]:
    """Draw a text as lines, quiet zone included; what is drawn are the `light` modules, or else the dark ones.

    Light ones without colours, which is right on a dark terminal; dark ones where the background is painted.
    """
    import segno

    code = segno.make_qr(text, error="l")
    rows = [[bool(module) is not light for module in row] for row in code.matrix_iter(border=QUIET)]
    rows += [[light] * len(rows[0])] * (len(rows) % 2)
    return ["".join(_BLOCKS[upper, lower] for upper, lower in zip(*pair, strict=True)) for pair in _pairs(rows)]


def _pairs(rows: list[list[bool]]) -> list[list[list[bool]]]:
    return [rows[at : at + 2] for at in range(0, len(rows), 2)]
