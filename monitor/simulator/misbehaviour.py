"""Faults over sockets: one small function per kind, found through one table."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web

from monitor.simulator.counts import Counts, details, statistics_body
from monitor.simulator.faults import Fault
from monitor.simulator.identity import Token, Tokens
from monitor.simulator.quota import Limit
from monitor.simulator.replies import ERRORS, STALE_TOKEN, Error, throttled
from monitor.simulator.wire import REQUEST_ID, error_response, reset

DRIP = 1.0
"""Seconds between two bytes."""
SKEW = 3600.0
"""Seconds the cloud's clock is ahead."""
CLOCK_SKEW = "clock-skew"
SHORT_LIST = "short-list"
RETRY_AFTER = "429-retry-after"


@dataclass(frozen=True, slots=True)
class Occasion:
    """A request that a fault has hit. `counts` (common, CDC) are those of a statistics call, else None."""

    request: web.Request
    fault: Fault
    closing: asyncio.Event
    tokens: Tokens
    token: Token | None = None
    counts: tuple[Counts, Counts] | None = None


Misbehave = Callable[[Occasion], Awaitable[web.StreamResponse | None]]
"""Answers in the documented call's place; None leaves the call alone."""


async def _refuse(error: Error, occasion: Occasion) -> web.StreamResponse:
    return error_response(error, occasion.request[REQUEST_ID])


def _fixed(make: Callable[[], web.Response]) -> Misbehave:
    async def answer(_: Occasion) -> web.StreamResponse:
        return make()

    return answer


def _login_page() -> web.Response:
    return web.Response(text="<!DOCTYPE html><html><body>Please log in</body></html>", content_type="text/html")


def _changed(change: Callable[[dict[str, Any]], object]) -> Misbehave:
    async def answer(occasion: Occasion) -> web.StreamResponse | None:
        if occasion.counts is None:
            return None
        common, cdc = occasion.counts
        body = {"common_task_details": details(common), "cdc_task_details": details(cdc)}
        change(body)
        return web.json_response(body)

    return answer


def _counts(value: object) -> Misbehave:
    return _changed(lambda body: body.update({name: dict.fromkeys(block, value) for name, block in body.items()}))


def _document(occasion: Occasion) -> bytes:
    return statistics_body(*occasion.counts) if occasion.counts else json.dumps({"total": 0, "size": 0}).encode()


async def _truncated(occasion: Occasion) -> web.StreamResponse:
    body = _document(occasion)
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
    await response.prepare(occasion.request)
    await response.write(body[: len(body) // 2])
    if occasion.request.transport is not None:
        occasion.request.transport.close()
    return response


async def _hang(occasion: Occasion) -> web.StreamResponse:
    """Until the client leaves, the cloud closes, or `value` seconds are over."""
    await _pause(occasion, occasion.fault.value)
    return reset(occasion.request)


async def _drip(occasion: Occasion) -> web.StreamResponse:
    body = _document(occasion)
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
    await response.prepare(occasion.request)
    for byte in body:
        await response.write(bytes([byte]))
        await _pause(occasion, DRIP if occasion.fault.value is None else occasion.fault.value)
        if occasion.closing.is_set():
            return reset(occasion.request)
    return response


async def _pause(occasion: Occasion, seconds: float | None) -> None:
    waiting = asyncio.ensure_future(occasion.closing.wait())
    try:
        await asyncio.wait([waiting], timeout=seconds)
    finally:
        waiting.cancel()


async def _throttle(occasion: Occasion) -> web.StreamResponse:
    """`value` are the seconds to stay away."""
    limit = Limit(20, occasion.fault.value or 1)
    return error_response(throttled(limit, retry_after=True), occasion.request[REQUEST_ID])


async def _reset(occasion: Occasion) -> web.StreamResponse:
    return reset(occasion.request)


async def _documented(_: Occasion) -> None:
    """Clock skew shows in signatures and in the Date header, a short list in the list: the others' answer is right."""


async def _token_death(occasion: Occasion) -> web.StreamResponse | None:
    """Tokens issued before the fault was set are dead; later ones and signatures are fine."""
    token = occasion.token
    if token is None or token.issued.timestamp() >= occasion.fault.since:
        return None
    occasion.tokens.revoke(token)
    return error_response(STALE_TOKEN, occasion.request[REQUEST_ID])


_TABLE: Mapping[str, Misbehave] = {
    **{name: partial(_refuse, error) for name, error in ERRORS.items()},
    RETRY_AFTER: _throttle,
    "302": _fixed(lambda: web.Response(status=302, headers={"Location": "/_sim/login"})),
    "html": _fixed(_login_page),
    "empty": _fixed(lambda: web.Response(content_type="application/json")),
    "list": _fixed(lambda: web.Response(body=b"[]", content_type="application/json")),
    "missing-block": _changed(lambda body: body.pop("cdc_task_details")),
    "null-block": _changed(lambda body: body.update(cdc_task_details=None)),
    "missing-count": _changed(lambda body: body["cdc_task_details"].pop("abnormal_tasks_count")),
    "null-counts": _counts(None),
    "text-counts": _counts("many"),
    "negative-counts": _counts(-1),
    "huge-counts": _counts(10**30),
    "fraction-counts": _counts(1.5),
    "true-counts": _counts(True),
    "truncated": _truncated,
    "hang": _hang,
    "drip": _drip,
    "reset": _reset,
    CLOCK_SKEW: _documented,
    SHORT_LIST: _documented,
    "token-death": _token_death,
}

KINDS = frozenset(_TABLE)


async def misbehave(occasion: Occasion) -> web.StreamResponse | None:
    """What the fault makes of the request; None if the call should be answered as documented."""
    return await _TABLE[occasion.fault.kind](occasion)


def withheld(fault: Fault | None) -> int:
    """How many instances the list leaves out under that fault, although its total counts them."""
    if fault is None or fault.kind != SHORT_LIST:
        return 0
    return 1 if fault.value is None else max(0, int(fault.value))


def skew(fault: Fault | None) -> float:
    """Seconds the cloud's clock is ahead under that fault."""
    if fault is None or fault.kind != CLOCK_SKEW:
        return 0.0
    return SKEW if fault.value is None else fault.value
