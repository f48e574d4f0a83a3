"""The curve of a count as a picture, without a word in it: those stand around it as text. Pure."""

from __future__ import annotations

import math
from datetime import datetime

from monitor.curve import Curve
from monitor.notifiers.png import Canvas

WIDTH, HEIGHT = 520, 104
"""Points on the screen; there are two dots to each."""

_SCALE = 2
_ROOM = 5 * _SCALE
"""Dots above the highest count and below nothing, so that the line is whole there."""
_LINE = 2 * _SCALE
_DOT = 4 * _SCALE
"""How far the dot at the end reaches: without it a break that was just found would be a hair at the edge."""
_DASH = 4 * _SCALE

_PAPER, _GRID, _FIRES, _GAP, _EDGE, _AREA, _COUNT = range(7)
_COLOURS = ((247, 248, 250), (224, 228, 233), (253, 232, 230), (199, 205, 213), (198, 40, 40))
_BAD, _WELL = ((243, 190, 186), (198, 40, 40)), ((187, 214, 240), (21, 101, 192))


def plot(curve: Curve) -> bytes:
    """A PNG: the count as a line over its area, from nothing up to the highest, with a dot where it stands now; hatched
    where no poll told it; tinted while the alert fires, from a dashed line on. The paper is light, whatever the mail's
    is."""
    canvas = Canvas(WIDTH * _SCALE, HEIGHT * _SCALE, (*_COLOURS, *(_WELL if curve.status == "running" else _BAD)))
    length = curve.until - curve.since

    def x(at: datetime) -> int:
        return round(min(max((at - curve.since) / length, 0.0), 1.0) * (canvas.width - 2 * _DOT))

    field = canvas.height - 2 * _ROOM
    highest = max(*curve.known, 1)

    def y(count: int) -> int:
        return _ROOM + round(field * (1 - count / highest))

    began, over = x(curve.fired_at), x(curve.over_at) if curve.over_at else canvas.width
    canvas.fill(began, 0, over, canvas.height, _FIRES)
    for quarter in range(5):
        height = _ROOM + field * quarter // 4
        canvas.fill(0, height - 1, canvas.width, height + 1, _GRID)
    before: int | None = None
    for step in curve.steps:
        left, right = x(step.start), max(x(step.end), x(step.start) + 1)
        if step.count is None:
            canvas.hatch(left, 0, right, canvas.height, _GAP)
            before = None
            continue
        level = y(step.count)
        canvas.fill(left, level, right, y(0), _AREA)
        canvas.fill(left, level - _LINE // 2, right, level + _LINE // 2, _COUNT)
        if before is not None:
            top, bottom = sorted((before, level))
            canvas.fill(left - _LINE // 2, top - _LINE // 2, left + _LINE // 2, bottom + _LINE // 2, _COUNT)
        before = level
    if began:
        for top in range(0, canvas.height, 2 * _DASH):
            canvas.fill(began - 1, top, began + 1, top + _DASH, _EDGE)
    if before is not None:
        _dot(canvas, x(curve.until), before)
    return canvas.png()


def _dot(canvas: Canvas, x: int, y: int) -> None:
    for row in range(-_DOT, _DOT):
        half = math.isqrt(_DOT * _DOT - row * row)
        canvas.fill(x - half, y + row, x + half, y + row + 1, _COUNT)
