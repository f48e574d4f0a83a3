"""From a column inside a scalar's text to its place in the file: quotes, escapes and blocks undone. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from monitor.policy.nodes import Place, Scalar

_ESCAPES = {"x": 4, "u": 6, "U": 10}
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)+")


def inside(scalar: Scalar, column: int, lines: Sequence[str]) -> Place | None:
    """Where character `column` (from 1) of `scalar.text` stands; None where the text cannot be followed.

    Followed are plain and quoted texts on one line, and block texts.
    """
    if scalar.style in ("|", ">"):
        return _in_block(scalar, column - 1, lines)
    if scalar.start.line != scalar.end.line:
        return None
    line, start = scalar.start
    raw = lines[line - 1][start - 1 : scalar.end.column - 1]
    properties = _PROPERTIES.match(raw)
    skipped = properties.end() if properties else 0
    step = {"": _plain, "'": _single, '"': _double}[scalar.style]
    return Place(line, start + skipped + step(raw[skipped:], column - 1))


def _plain(_raw: str, offset: int) -> int:
    return offset


def _single(raw: str, offset: int) -> int:
    position = 1
    for _ in range(offset):
        position += 2 if raw[position : position + 2] == "''" else 1
    return position


def _double(raw: str, offset: int) -> int:
    position = 1
    for _ in range(offset):
        escaped = raw[position : position + 1] == "\\"
        position += _ESCAPES.get(raw[position + 1 : position + 2], 2) if escaped else 1
    return position


def _in_block(scalar: Scalar, offset: int, lines: Sequence[str]) -> Place | None:
    """In `|` every line of the text is a line of the file; in `>` one line break stands for one space."""
    number = scalar.start.line
    content = lines[number : scalar.end.line]
    first = next((line for line in content if line.strip()), "")
    indent = len(first) - len(first.lstrip(" "))
    for index, line in enumerate(content):
        length = max(0, len(line) - indent)
        if scalar.style == ">" and (not line.strip() or line[indent : indent + 1] == " "):
            return None
        if offset <= length:
            return Place(number + index + 1, indent + offset + 1)
        offset -= length + 1
    return None
