"""What is said after somebody did something: the next page tells it, so that loading it again does nothing twice."""

from __future__ import annotations

from aiohttp import web
from yarl import URL

from monitor.web.sheets import SAID
from monitor.web.visit import visit_of

NOTICES = {
    "acknowledged": "said.acknowledged",
    "withdrawn": "said.withdrawn",
    "silenced": "said.silenced",
    "ended": "said.ended",
    "extended": "said.extended",
    "over": "said.over",
    "retried": "said.retried",
    "dropped": "said.dropped",
    "nothing": "said.nothing",
}


def then(request: web.Request, place: str, said: str, **query: str) -> web.Response:
    """Sends the browser on to `place`, from the first page on, where the notice `said` is shown."""
    address = URL(visit_of(request).root + place).update_query({**query, SAID: said})
    return web.Response(status=303, headers={"Location": str(address)})


def notice(request: web.Request) -> str:
    """The key of the words to show on this page; empty for none."""
    return NOTICES.get(request.query.get(SAID, ""), "")
