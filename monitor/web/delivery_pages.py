"""`/deliveries`: every message, what became of it, and what can be done where it did not arrive."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from monitor import clock
from monitor.message import plain, render
from monitor.standin import PATIENCE
from monitor.store import budgets, failing, mailroom, outbox
from monitor.store.mailroom import Shown
from monitor.store.outbox import Standing
from monitor.web import deeds, pages
from monitor.web.notices import notice, then
from monitor.web.postboard import desks
from monitor.web.sheets import paging
from monitor.web.site import SITE
from monitor.web.view import titled
from monitor.web.visit import visit_of
from monitor.web.words import Words

PAGE = 50
ALL = "all"

VERDICTS = {
    "delivered": "post.verdict.delivered",
    "refused": "post.verdict.refused",
    "throttled": "post.verdict.throttled",
    "unreachable": "post.verdict.unreachable",
}
"""The words for what a try brought."""

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Row:
    """One message of the list. `mark` is where it stands, as a mark of the style sheet."""

    shown: Shown
    title: str
    verdict: str
    """In the reader's language."""

    @property
    def mark(self) -> str:
        return str(self.shown.letter.state)


@routes.get("/deliveries")
async def listed(request: web.Request) -> web.Response:
    """The messages, undelivered ones first, and the receivers."""
    site, words = request.app[SITE], visit_of(request).words
    speech, at = site.speech(), site.now()
    asked, receiver = request.query.get("show", ALL), request.query.get("receiver", "")
    states = [Standing(asked)] if asked in set(Standing) else list(Standing)
    async with site.store.read() as tx:
        tally = await outbox.tally(tx)
        mine = {key: number for key, number in tally.items() if not receiver or key[0] == receiver}
        way = paging(request, sum(number for (_, state), number in mine.items() if state in states), size=PAGE)
        found = await mailroom.page(tx, states=states, receiver=receiver, skip=max(0, way.first - 1), most=PAGE)
        broken = await failing.receivers(tx, late=at - PATIENCE)
        spent = await budgets.every(tx)
    return await pages.answer(
        request,
        "deliveries.html",
        form=True,
        at=at,
        rows=[_row(one, words) for one in found],
        paging=way,
        show=asked if len(states) == 1 else ALL,
        counts={str(one): sum(n for (_, state), n in mine.items() if state is one) for one in Standing},
        receiver=receiver,
        receivers=sorted({*speech.kinds, *(name for name, _ in tally)}),
        desks=desks(speech.kinds, tally, broken, spent, at=at),
        said=notice(request),
    )


@routes.get("/deliveries/retry")
async def ask(request: web.Request) -> web.Response:
    """What would be tried again."""
    name = request.query.get("receiver", "")
    async with request.app[SITE].store.read() as tx:
        given_up = await mailroom.given_up(tx, name)
    return await pages.answer(request, "retry.html", form=True, receiver=name, count=len(given_up))


@routes.post("/deliveries/retry")
async def retry_all(request: web.Request) -> web.Response:
    """Has everything that was given up for a receiver tried at once: what hindered it is mended."""
    site, name = request.app[SITE], request.query.get("receiver", "")
    async with site.store.read() as tx:
        given_up = await mailroom.given_up(tx, name)
    done = await deeds.retry(site, given_up)
    return then(request, "deliveries", "retried" if done else "nothing", receiver=name)


@routes.get("/deliveries/{id}")
async def shown(request: web.Request) -> web.Response:
    """One message: what it says, what became of it, and what can be done."""
    async with request.app[SITE].store.read() as tx:
        found = await mailroom.whole(tx, request.match_info["id"])
    if found is None:
        raise web.HTTPNotFound
    words = visit_of(request).words
    text = plain(render(found.letter.notification, language=words.code, zone=clock.zone()))
    return await pages.answer(
        request,
        "delivery.html",
        form=True,
        row=_row(found, words),
        text=text,
        alerts=found.letter.notification.alerts,
        undelivered=found.letter.state is not Standing.SENT and found.merged_into is None,
        said=notice(request),
    )


@routes.post("/deliveries/{id}/retry")
async def retry(request: web.Request) -> web.Response:
    """Has an undelivered message tried at once."""
    name = request.match_info["id"]
    done = await deeds.retry(request.app[SITE], [name])
    return then(request, f"deliveries/{name}", "retried" if done else "nothing")


@routes.post("/deliveries/{id}/drop")
async def drop(request: web.Request) -> web.Response:
    """Forgets an undelivered message: nobody will get it."""
    done = await deeds.drop(request.app[SITE], request.match_info["id"])
    return then(request, "deliveries", "dropped" if done else "nothing")


def _row(one: Shown, words: Words) -> Row:
    said = one.letter.verdict
    return Row(one, titled(one.letter, words), words(VERDICTS[said]) if said in VERDICTS else said)
