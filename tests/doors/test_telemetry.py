"""Logs: one line an event, the right time, nothing secret, whoever speaks."""

from __future__ import annotations

import io
import json
import logging
import warnings
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from monitor import telemetry
from monitor.redaction import MASK, Redactor

AT = datetime(2026, 1, 5, 2, 0, 0, 250_000, tzinfo=UTC)
CANARY = "c4n4ry-1a2b3c"


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    redactor = Redactor()
    redactor.protect(CANARY)
    monkeypatch.setattr(telemetry, "redact", redactor.redact)


def set_up(style: telemetry.Style = "json", level: telemetry.Level = "info") -> io.StringIO:
    stream = io.StringIO()
    telemetry.set_up(level=level, style=style, stream=stream, now=lambda: AT)
    return stream


def events(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_json_object_in_utc_with_time_level_and_event_first() -> None:
    stream = set_up()
    structlog.get_logger().info("polled", instance="订单", abnormal=3)
    assert stream.getvalue() == (
        '{"timestamp": "2026-01-05T02:00:00.250Z", "level": "info", "event": "polled", '
        '"instance": "订单", "abnormal": 3}\n'
    )


def test_the_console_shows_the_moment_with_this_machines_offset() -> None:
    stream = set_up("console")
    structlog.get_logger().warning("throttled", account="prod")
    line = stream.getvalue()
    assert line.startswith(AT.astimezone().isoformat(timespec="milliseconds"))
    assert "throttled" in line
    assert "account=prod" in line
    assert "\x1b" not in line


def test_without_a_style_what_is_no_terminal_gets_json() -> None:
    stream = io.StringIO()
    telemetry.set_up(stream=stream, now=lambda: AT)
    structlog.get_logger().info("started")
    assert events(stream)[0]["event"] == "started"


def test_without_a_style_a_terminal_gets_the_console() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    telemetry.set_up(stream=stream, now=lambda: AT)
    structlog.get_logger().info("started")
    assert "started" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_what_is_below_the_level_is_not_written() -> None:
    stream = set_up(level="warning")
    structlog.get_logger().info("too quiet")
    structlog.get_logger().warning("loud enough")
    assert [event["event"] for event in events(stream)] == ["loud enough"]


def test_libraries_are_heard_from_warnings_up_with_their_name() -> None:
    stream = set_up(level="debug")
    logging.getLogger("alembic.runtime").info("Context impl")
    logging.getLogger("asyncio").warning("slow %s", "callback")
    assert [(event["logger"], event["level"], event["event"]) for event in events(stream)] == [
        ("asyncio", "warning", "slow callback")
    ]


def test_the_access_log_of_the_web_server_is_off() -> None:
    stream = set_up(level="debug")
    logging.getLogger("aiohttp.access").error("GET /")
    assert stream.getvalue() == ""


def test_python_warnings_are_logged() -> None:
    stream = set_up()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn("old way", DeprecationWarning, stacklevel=1)
    [event] = events(stream)
    assert event["logger"] == "py.warnings"
    assert "old way" in event["event"]


def _refuse() -> None:
    raise ValueError(f"bad token {CANARY}")


def _fail() -> None:
    try:
        _refuse()
    except ValueError as error:
        raise RuntimeError(f"GET https://host/hook/{CANARY}x failed") from error


class _Speaking:
    def __str__(self) -> str:
        return f"https://host/?q={CANARY}"


@pytest.mark.parametrize("style", ["json", "console"])
def test_no_secret_is_written_wherever_it_hides(style: telemetry.Style) -> None:
    stream = set_up(style)
    log = structlog.get_logger()
    structlog.contextvars.bind_contextvars(token=CANARY)
    log.info(f"sent {CANARY}", url=_Speaking(), headers={"h": [CANARY, {CANARY: 1}]}, error=ValueError(CANARY))
    log.info("unknown ones too", url=f"https://host/?access_token=un{CANARY[2:]}known")
    try:
        _fail()
    except RuntimeError:
        log.exception("own", password=CANARY)
        logging.getLogger("aiohttp.server").exception("foreign %s", CANARY, stack_info=True)
    text = stream.getvalue()
    assert CANARY not in text
    assert CANARY[2:] not in text
    assert text.count("ValueError") >= 3
    assert text.count("RuntimeError") >= 2
    assert text.count(MASK) >= 10


def test_a_name_from_outside_cannot_forge_a_line_or_steer_the_terminal() -> None:
    stream = set_up("console")
    structlog.get_logger().info("polled", instance="orders\n2026 all is well\x1b[2J\r")
    line = stream.getvalue()
    assert line.count("\n") == 1
    assert "\x1b" not in line
    assert "\r" not in line
    assert "orders␊2026 all is well␛[2J␍" in line


def test_a_traceback_keeps_its_lines_on_the_console() -> None:
    stream = set_up("console")
    try:
        _fail()
    except RuntimeError:
        structlog.get_logger().exception("a bug")
    assert "\nTraceback (most recent call last):\n" in stream.getvalue()
