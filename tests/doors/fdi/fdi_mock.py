"""A mocked cloud that answers in turn, and a client of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aioresponses import CallbackResult, aioresponses
from fdi_kit import (
    CANARIES,
    IAM,
    START,
    STATISTICS,
    TOKEN,
    account,
    gateway_error,
    statistics_url,
    token_reply,
)

from monitor.clock import virtual
from monitor.fdi.account import Credentials
from monitor.fdi.cloud import Cloud
from monitor.fdi.wire import make_session
from monitor.model import FailureKind, Sample

GOOD = CallbackResult(body=STATISTICS, headers={"X-Request-Id": "good"})
REFUSED = CallbackResult(status=401, payload=gateway_error(), headers={"X-Request-Id": "r401"})
OLD_TOKEN = CallbackResult(status=401, payload=gateway_error("APIGW.0307", "The token must be updated."))


@asynccontextmanager
async def opened(auth: Credentials = TOKEN, **changes: Any) -> AsyncIterator[Cloud]:
    async with make_session() as session:
        yield Cloud(account(auth, **changes), session, virtual(START, asyncio.get_running_loop()))


class Server:
    """Answers the statistics call with `answers` in turn, the last one for ever, each after `takes` seconds."""

    def __init__(self, *answers: CallbackResult | Exception, takes: float = 0.05) -> None:
        self.answers = list(answers)
        self.takes = takes
        self.times: list[float] = []
        self.headers: list[dict[str, str]] = []

    async def reply(self, _url: object, **request: Any) -> CallbackResult:
        self.times.append(asyncio.get_running_loop().time())
        self.headers.append(dict(request["headers"]))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        await asyncio.sleep(self.takes)
        if isinstance(answer, Exception):
            raise answer
        return answer


def serve(mock: aioresponses, *answers: CallbackResult | Exception, takes: float = 0.05, url: str = "") -> Server:
    server = Server(*answers, takes=takes)
    mock.get(url or statistics_url(), callback=server.reply, repeat=True)
    return server


def serve_tokens(mock: aioresponses, status: int = 201) -> list[str]:
    """IAM that gives token-1, token-2, ...; those given."""
    given: list[str] = []

    def reply(_url: object, **_request: Any) -> CallbackResult:
        given.append(f"canary-token-{len(given) + 1}")
        return CallbackResult(status=status, payload=token_reply(), headers={"X-Subject-Token": given[-1]})

    mock.post(f"{IAM}/v3/auth/tokens?nocatalog=true", callback=reply, repeat=True)
    return given


def kind_of(sample: Sample) -> FailureKind:
    assert sample.failure is not None
    assert (sample.common, sample.cdc, sample.up) == (None, None, False)
    assert not any(canary in sample.failure.reason for canary in CANARIES)
    return sample.failure.kind
