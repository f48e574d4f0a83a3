"""Pictures of few colours as PNG (https://www.w3.org/TR/png/). Pure."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

Colour = tuple[int, int, int]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_DOTS_PER_METRE = 5669
"""144 to the inch: two of them are one point of a screen."""
_PITCH, _STROKE = 12, 3
"""Dots from one slanting line to the next, and across one."""


class Canvas:
    """`width` x `height` dots, each one of `colours` by its place; the first is the background."""

    def __init__(self, width: int, height: int, colours: Sequence[Colour]) -> None:
        self.width = width
        self.height = height
        self._colours = colours
        self._rows = [bytearray(width) for _ in range(height)]

    def fill(self, left: int, top: int, right: int, bottom: int, colour: int) -> None:
        """Paints the dots from `left` and `top` on, up to `right` and `bottom`; what lies outside is left out."""
        left, right = max(left, 0), min(right, self.width)
        paint = bytes([colour]) * (right - left)
        for row in self._rows[max(top, 0) : max(bottom, 0)]:
            row[left : max(left, right)] = paint

    def hatch(self, left: int, top: int, right: int, bottom: int, colour: int) -> None:
        """Paints slanting lines over the same dots."""
        for y in range(max(top, 0), min(bottom, self.height)):
            for begin in range(left - left % _PITCH - y % _PITCH, right, _PITCH):
                self.fill(max(begin, left), y, min(begin + _STROKE, right), y + 1, colour)

    def png(self) -> bytes:
        """The picture as a file."""
        head = struct.pack(">IIBBBBB", self.width, self.height, 8, 3, 0, 0, 0)
        dots = b"".join(b"\0" + row for row in self._rows)
        return _SIGNATURE + b"".join(
            (
                _chunk(b"IHDR", head),
                _chunk(b"PLTE", bytes(value for colour in self._colours for value in colour)),
                _chunk(b"pHYs", struct.pack(">IIB", _DOTS_PER_METRE, _DOTS_PER_METRE, 1)),
                _chunk(b"IDAT", zlib.compress(dots, 9)),
                _chunk(b"IEND", b""),
            )
        )


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
