"""The plot in an e-mail: a picture that any client can read, and what stands where in it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from monitor.curve import Curve, Step
from monitor.notifiers.plot import HEIGHT, WIDTH, plot

START = datetime(2026, 1, 5, 7, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
RED, BLUE, TINT, GREY = (198, 40, 40), (21, 101, 192), (253, 232, 230), (199, 205, 213)
DOT, ROOM = 8, 10
"""Dots that the last count is kept from the edge, and the line from above and below."""
WHITE = (247, 248, 250)
SEEN = Curve(
    "orders",
    "abnormal",
    (
        Step(START, START + HOUR, 0),
        Step(START + HOUR, START + 2 * HOUR, None),
        Step(START + 2 * HOUR, START + 3 * HOUR, 5),
        Step(START + 3 * HOUR, START + 4 * HOUR, 10),
    ),
    fired_at=START + 2 * HOUR,
)


@dataclass(frozen=True, slots=True)
class Picture:
    """What a reader of the format makes of a file."""

    width: int
    height: int
    dots: list[list[tuple[int, ...]]]

    def column(self, hour: float) -> list[tuple[int, ...]]:
        """The dots from top to bottom at so many of the four hours."""
        return [row[min(int(hour / 4 * (self.width - 2 * DOT)), self.width - 1)] for row in self.dots]

    def level(self, hour: float, colour: tuple[int, ...] = RED) -> float:
        """How high the line stands there: 0 at the bottom, 1 at the top."""
        rows = [number for number, dot in enumerate(self.column(hour)) if dot == colour]
        assert rows, hour
        middle = (rows[0] + rows[-1] + 1) / 2
        return round((self.height - ROOM - middle) / (self.height - 2 * ROOM), 2)


def chunks(file: bytes) -> Iterator[tuple[bytes, bytes]]:
    assert file.startswith(b"\x89PNG\r\n\x1a\n")
    at = 8
    while at < len(file):
        (length,) = struct.unpack(">I", file[at : at + 4])
        name, data = file[at + 4 : at + 8], file[at + 8 : at + 8 + length]
        assert struct.unpack(">I", file[at + 8 + length : at + 12 + length])[0] == zlib.crc32(name + data)
        yield name, data
        at += 12 + length


def read(file: bytes) -> Picture:
    found = list(chunks(file))
    assert [name for name, _ in found] == [b"IHDR", b"PLTE", b"pHYs", b"IDAT", b"IEND"]
    parts = dict(found)
    width, height, *how = struct.unpack(">IIBBBBB", parts[b"IHDR"])
    assert how == [8, 3, 0, 0, 0], "a byte a dot, of a palette, neither filtered nor interlaced"
    palette = [tuple(parts[b"PLTE"][place : place + 3]) for place in range(0, len(parts[b"PLTE"]), 3)]
    raw = zlib.decompress(parts[b"IDAT"])
    assert len(raw) == height * (width + 1)
    rows = [raw[begin : begin + width + 1] for begin in range(0, len(raw), width + 1)]
    assert {row[0] for row in rows} == {0}
    return Picture(width, height, [[palette[dot] for dot in row[1:]] for row in rows])


def test_the_count_is_a_line_from_nothing_to_the_highest() -> None:
    seen = read(plot(SEEN))
    assert (seen.width, seen.height) == (2 * WIDTH, 2 * HEIGHT)
    assert [seen.level(hour) for hour in (0.5, 2.5, 3.5, 4)] == [0, 0.5, 1, 1]


def test_a_break_that_was_just_found_is_a_dot_at_the_end() -> None:
    found = (Step(START, START + HOUR, 0), Step(START + HOUR, START + HOUR, 7))
    last = read(plot(Curve("orders", "abnormal", found, START + HOUR))).column(4)
    assert (last[ROOM], last[ROOM + DOT - 1]) == (RED, RED)
    unknown = (Step(START, START + HOUR, 7), Step(START + HOUR, START + HOUR + HOUR, None))
    assert RED not in read(plot(Curve("orders", "abnormal", unknown, START + HOUR))).column(3.9)


def test_what_no_poll_told_is_hatched_and_has_no_line() -> None:
    seen = read(plot(SEEN))
    assert RED not in seen.column(1.5)
    assert GREY in seen.column(1.5)
    assert GREY not in seen.column(0.5) + seen.column(2.5)


def test_it_is_tinted_while_the_alert_fires_and_a_dashed_line_says_from_when() -> None:
    seen = read(plot(SEEN))
    assert (TINT in seen.column(2.5), TINT in seen.column(0.5)) == (True, False)
    edge = seen.column(2)
    assert 0.4 < edge[: seen.height // 2].count(RED) / (seen.height // 2) < 0.6
    over = read(plot(Curve("orders", "abnormal", SEEN.steps, SEEN.fired_at, START + 3 * HOUR)))
    assert [TINT in over.column(hour) for hour in (2.5, 3.5)] == [True, False]


def test_an_alert_older_than_the_picture_has_no_edge_in_it() -> None:
    old = Curve("orders", "abnormal", (Step(START, START + HOUR, 4),), START - HOUR)
    assert read(plot(old)).column(0).count(RED) == 4
    assert WHITE not in read(plot(old)).column(2)


def test_running_tasks_are_no_alarm() -> None:
    well = Curve("orders", "running", SEEN.steps, SEEN.fired_at)
    assert read(plot(well)).level(2.5, BLUE) == 0.5


@pytest.mark.parametrize("count", [0, 1, 10**12])
def test_any_count_is_drawn(count: int) -> None:
    step = Step(START, START + HOUR, count)
    assert read(plot(Curve("orders", "abnormal", (step,), START))).level(2) == min(count, 1)


def test_the_same_course_is_the_same_file_and_a_jumping_day_is_small() -> None:
    assert plot(SEEN) == plot(SEEN)
    minute = timedelta(minutes=0.5)
    steps = tuple(
        Step(START + place * minute, START + (place + 1) * minute, place * 7919 % 97) for place in range(2880)
    )
    assert len(plot(Curve("orders", "abnormal", steps, START))) < 30_000
