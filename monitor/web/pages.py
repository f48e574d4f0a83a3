"""Turns what a page shows into HTML: the templates, with the words for times and numbers that they use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from jinja2 import Environment, PackageLoader, StrictUndefined

from monitor.web.reader import reader
from monitor.wording import ENGLISH
from monitor.writing import clean

_DAY = timedelta(days=1)


def render(template: str, /, **shown: object) -> str:
    """The HTML of `template` with these values."""
    return _PAGES.get_template(template).render(shown)


def stamp(at: datetime) -> str:
    """`at` for the attribute `datetime`: UTC, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def clock(at: datetime, now: datetime) -> str:
    """`at` for readers without scripts: the time in UTC, with the date unless it is within a day of `now`."""
    shown = "%H:%M:%S UTC" if abs(now - at) < _DAY else "%Y-%m-%d %H:%M UTC"
    return at.astimezone(UTC).strftime(shown)


def span(length: timedelta) -> str:
    """`length` by its two largest units, seconds only below a minute: `42s`, `6m`, `1h 5m`, `2d 3h`."""
    seconds = max(0, int(length.total_seconds()))
    return ENGLISH.span(timedelta(seconds=seconds if seconds < 60 else seconds - seconds % 60))


def _grouped(number: int) -> str:
    return f"{number:,}"


def _environment() -> Environment:
    pages = Environment(
        loader=PackageLoader("monitor.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    pages.filters.update(stamp=stamp, clock=clock, span=span, grouped=_grouped, clean=clean)
    pages.globals["reader"] = reader
    return pages


_PAGES = _environment()
