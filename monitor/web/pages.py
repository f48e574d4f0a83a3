"""Turns what a page shows into HTML: the templates, with the words for times and numbers that they use."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import quote

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from monitor import __version__
from monitor.tickets import REMARK
from monitor.web.site import SITE
from monitor.web.visit import Visit, keep_language, visit_of
from monitor.web.words import LANGUAGES, Words, grouped
from monitor.web.words.telling import told
from monitor.writing import clean, number

_DAY = timedelta(days=1)


async def answer(
    request: web.Request,
    template: str,
    /,
    *,
    status: int = 200,
    form: bool = False,
    at: datetime | None = None,
    **shown: object,
) -> web.Response:
    """A page in the reader's language. The template gets `shown` and `visit`, `root`, `now` and `title`; `now` is `at`
    if that is given. Pages with a `form` that changes something have to say so, or it is taken for a foreign one."""
    site, visit = request.app[SITE], visit_of(request)
    given = {"now": at or site.now(), "title": site.title, **shown}
    # off the event loop: a thousand instances take a while to write out
    html = await asyncio.to_thread(render, template, visit, **given)
    response = web.Response(status=status, text=html, content_type="text/html", charset="utf-8")
    response[FORM] = form
    keep_language(request, response)
    return response


FORM = web.ResponseKey("form", bool)
"""Whether a response is a page of ours, and this has a form that changes something."""


def render(template: str, visit: Visit, /, **shown: object) -> str:
    """The HTML of `template` with these values."""
    return _PAGES[visit.words.code].get_template(template).render(shown, visit=visit, root=visit.root)


def stamp(at: datetime) -> str:
    """`at` for the attribute `datetime`: UTC, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def clock(at: datetime, now: datetime) -> str:
    """`at` for readers without scripts: the time in UTC, with the date unless it is within a day of `now`."""
    shown = "%H:%M:%S UTC" if abs(now - at) < _DAY else "%Y-%m-%d %H:%M UTC"
    return at.astimezone(UTC).strftime(shown)


def _grouped(value: int) -> str:
    return f"{value:,}"


def _short(value: int) -> str:
    """A number for the axis of a chart: `12k`, `1.5M`."""
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if value >= 10 * size or (value >= size and value % (size // 10) == 0):
            return f"{value / size:g}{unit}"
    return str(value)


def _environment(words: Words) -> Environment:
    pages = Environment(
        loader=PackageLoader("monitor.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )

    def said(key: str, /, **values: object) -> Markup:
        """The text under `key`; values that are no markup are escaped."""
        shown = {name: escape(value) for name, value in grouped(values).items()}
        return Markup(words.form(key, values).format_map(shown))  # noqa: S704 - our own text, and what was escaped

    def remark(text: str) -> str:
        """A comment as somebody wrote it, or as the service did for them."""
        return words("link.remark") if text == REMARK else text

    pages.globals.update(t=said, words=words, version=__version__)
    pages.filters.update(stamp=stamp, clock=clock, span=words.span, clean=clean, number=number)
    pages.filters.update(told=partial(told, language=words.code), remark=remark)
    pages.filters.update(grouped=_grouped, short=_short, segment=partial(quote, safe=""))
    return pages


_PAGES = {code: _environment(words) for code, words in LANGUAGES.items()}
