"""Sets up the logs: one line an event, for people or for machines, without secrets.

Own events go straight through structlog (`structlog.get_logger()`); those of libraries come through `logging` and take
the same last steps. Every value passes `redaction.redact`, tracebacks included.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from monitor import clock
from monitor.redaction import redact

Level = Literal["debug", "info", "warning", "error"]
Style = Literal["console", "json"]

_LEVELS: Mapping[Level, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_MULTILINE = ("exception", "stack")
# the picture of each control character; those above ASCII have none
_CONTROLS = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421} | dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
_CONTROLS_BUT_LINES = {code: picture for code, picture in _CONTROLS.items() if chr(code) not in "\n\t"}


def set_up(
    *,
    level: Level = "info",
    style: Style | None = None,
    stream: TextIO | None = None,
    now: clock.Clock = clock.now,
) -> None:
    """Directs every log of the process to `stream` (standard error), from `level` up.

    Without a `style` a terminal gets the console's, anything else JSON. Times are ISO 8601: with this machine's offset
    on the console, in UTC in JSON. Libraries are heard from warnings up, whatever the level: at their lower levels
    they print requests and rows.
    """
    stream = stream or sys.stderr
    style = style or ("console" if stream.isatty() else "json")
    prepare: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        _stamp(now, local=style == "console"),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    finish: list[Processor] = [_clean, *_renderer(style, colors=stream.isatty())]
    structlog.configure(
        processors=[*prepare, *finish],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(stream),
        # a cached logger would keep the stream of an earlier set-up
        cache_logger_on_first_use=False,
    )
    _set_up_libraries(stream, max(_LEVELS[level], logging.WARNING), prepare, finish)


def _set_up_libraries(stream: TextIO, level: int, prepare: list[Processor], finish: list[Processor]) -> None:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *prepare],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *finish],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(True)
    # the metrics count requests; a line each would drown the rest
    logging.getLogger("aiohttp.access").disabled = True


def _stamp(now: clock.Clock, *, local: bool) -> Processor:
    def stamp(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["timestamp"] = _moment(now(), local=local)
        return event

    return stamp


def _moment(at: datetime, *, local: bool) -> str:
    if local:
        return at.astimezone().isoformat(timespec="milliseconds")
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _clean(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Redacts every value; time, level and event come first, for those who read JSON with their eyes."""
    first = {name: event.pop(name) for name in ("timestamp", "level") if name in event}
    said = {"event": event.pop("event", "")} | dict(event)
    return first | {name: _redacted(value) for name, value in said.items()}


def _redacted(value: object) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return redact(value)
        case Mapping():
            return {redact(str(name)): _redacted(inner) for name, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_redacted(inner) for inner in value]
        case BaseException():
            return redact(repr(value))
        case _:
            return redact(str(value))


def _renderer(style: Style, *, colors: bool) -> list[Processor]:
    if style == "json":
        return [structlog.processors.JSONRenderer(ensure_ascii=False)]
    console = structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)
    return [_escape, console]


def _escape(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Control characters become visible: a name from outside must not forge a line or steer the terminal."""
    return {
        name: _visible(value, _CONTROLS_BUT_LINES if name in _MULTILINE else _CONTROLS) for name, value in event.items()
    }


def _visible(value: Any, controls: Mapping[int, int]) -> Any:
    return value.translate(controls) if isinstance(value, str) else value
