"""`/alerts/{fingerprint}`: the story of one alert, from the sample to each message, with what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from aiohttp import web

from monitor.acknowledgement import Ack, Ended
from monitor.chain import Fact, Stage, Story
from monitor.store import acks, alerts
from monitor.web import explain, pages
from monitor.web.amshape import Unusable
from monitor.web.notices import notice
from monitor.web.site import SITE
from monitor.web.view import AlertRow, row
from monitor.web.visit import visit_of

routes = web.RouteTableDef()

_HIDDEN = ("alertname", "severity")
"""Labels that stand in the heading."""


@dataclass(frozen=True, slots=True)
class Tale:
    """A story as it is told. `row` is the alert as it is now, None for an instance or where it is no longer kept; `ack`
    is whoever cares for it now. `past` is whether the story is about an earlier moment."""

    story: Story
    row: AlertRow | None = None
    ack: Ack | None = None
    past: bool = False

    @property
    def stages(self) -> Sequence[tuple[Stage, list[Fact]]]:
        """The facts, those of one link of the chain together."""
        return [(stage, list(facts)) for stage, facts in groupby(self.story.facts, key=lambda fact: fact.stage)]

    @property
    def labels(self) -> Sequence[tuple[str, str]]:
        return [(name, text) for name, text in sorted(self.story.labels.items()) if name not in _HIDDEN]


@routes.get("/alerts/{fingerprint}")
async def page(request: web.Request) -> web.Response:
    """The chain of one alert as a timeline; also of an instance or of a rule's alerts, by their names."""
    site, name = request.app[SITE], request.match_info["fingerprint"]
    try:
        at = explain.when(request, site)
    except Unusable as fault:
        raise web.HTTPBadRequest from fault
    found = await explain.told(site, name, at)
    if not found:
        raise web.HTTPNotFound
    keys = [one.fingerprint for one in found if one.fingerprint]
    async with site.store.read() as tx:
        known, given = await alerts.by_key(tx, keys), await acks.of(tx, keys)
    words, now = visit_of(request).words, site.now()

    def tale(story: Story) -> Tale:
        alert, ack = known.get(story.fingerprint), given.get(story.fingerprint)
        holds = alert is not None and ack is not None and ack.ended(alert, now) is Ended.NOT
        return Tale(story, row(alert, None, words) if alert else None, ack if holds else None, at is not None)

    return await pages.answer(
        request, "alert.html", form=True, at=now, tales=[tale(one) for one in found], said=notice(request)
    )
