"""Why people heard of something, or did not: `/api/fdi/v1/explain`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from aiohttp import web
from pydantic import Field

from monitor.chain import Fact, Story
from monitor.web.amshape import Unusable, moment
from monitor.web.contract import Asked, tells
from monitor.web.evidence import stories
from monitor.web.parameters import in_utc
from monitor.web.problems import Problem
from monitor.web.shapes import FactTold, StoriesTold, StoryTold
from monitor.web.site import SITE, Site

routes = web.RouteTableDef()


class ExplainAsked(Asked):
    """Whose story, and as of when."""

    of: Annotated[str, Field(description="A fingerprint, an instance's name or id, or a rule's name.")]
    at: Annotated[str | None, Field(description="A moment with its zone; now without it.")] = None


@routes.get("/api/fdi/v1/explain")
@tells(StoriesTold, query=ExplainAsked, refusals=(404,))
async def explain(request: web.Request) -> web.Response:
    """The stories of `of`: a fingerprint, an instance's name or id, or a rule's name; with `at` as of that moment."""
    site, name = request.app[SITE], request.query.get("of", "")
    try:
        at = when(request, site)
    except Unusable as fault:
        raise Problem(400, str(fault), [{"place": "at", "message": str(fault)}]) from None
    if not name:
        raise Problem(400, "of is missing: a fingerprint, an instance or a rule")
    found = await told(site, name, at)
    if not found:
        words = f"nothing is called {name}: name an alert's fingerprint, an instance, or a rule that has had an alert"
        raise Problem(404, words)
    return web.json_response({"stories": [_shape(one) for one in found]})


async def told(site: Site, name: str, at: datetime | None) -> list[Story]:
    """The stories of what `name` means, as of `at` where that is given; empty where nothing has that name."""
    async with site.store.read() as tx:
        return await stories(tx, name, site.speech(), at=at or site.now(), past=at is not None)


def when(request: web.Request, site: Site) -> datetime | None:
    """The moment that the parameter `at` of a request names, None without one.

    Raises:
        Unusable: it is none, or one to come.
    """
    text = request.query.get("at")
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Unusable("at is no moment: write for example 2026-01-05T10:00:00Z") from error
    if at.tzinfo is None:
        raise Unusable("at has no zone: write for example 2026-01-05T10:00:00Z")
    if at > site.now():
        raise Unusable("at is in the future: nothing is recorded of it")
    return in_utc(at, "at")


def _shape(one: Story) -> StoryTold:
    return {
        "subject": one.subject,
        "fingerprint": one.fingerprint,
        "labels": dict(one.labels),
        "at": moment(one.at),
        "answer": one.answer,
        "facts": [_fact(fact) for fact in one.facts],
    }


def _fact(one: Fact) -> FactTold:
    return {
        "stage": str(one.stage),
        "name": one.name,
        "at": moment(one.at) if one.at else None,
        "text": one.text,
    }
