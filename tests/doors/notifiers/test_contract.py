"""What every kind of notifier promises, whatever it speaks: each claim is tried on all of them."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from notifier_kinds import FOUND, KINDS, OTHERS, Case, D, Kind, U
from notifier_samples import CANARY, SNAPSHOTS, crowded, message, receiving, snapshots, tools

from monitor.notification import Reason
from monitor.notifiers import Outcome, SmtpServer, Verdict

TOKEN_PATH = "/v1.0/oauth2/accessToken"
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
SHORT = timedelta(milliseconds=100)


class Answering:
    """A session, as the notifiers use it, that answers each request with the same."""

    def __init__(self, case: Case | None = None) -> None:
        self.status = case.status if case else 200
        self.headers = dict(case.headers) if case else {}
        self.body = case.raw if case else b""
        self.sent: list[bytes] = []

    def request(self, method: str, url: object, *, data: bytes, **_: Any) -> Answering:
        self.url = str(url)
        if not self.url.endswith(TOKEN_PATH):
            self.sent.append(data)
        return self

    async def __aenter__(self) -> Any:
        token = self.url.endswith(TOKEN_PATH)
        body = b'{"accessToken": "t", "expireIn": 7200}' if token else self.body
        content = SimpleNamespace(read=_pieces(body), readany=_pieces(body), at_eof=lambda: True)
        return SimpleNamespace(
            status=200 if token else self.status, headers=self.headers, content=content, close=lambda: None
        )

    async def __aexit__(self, *_: object) -> None:
        return None

    def close(self) -> None:
        """As a session does."""


def _pieces(body: bytes) -> Any:
    left = [body]

    async def read(_: int = 0) -> bytes:
        return left.pop() if left else b""

    return read


def handler_of(case: Case, seen: list[web.Request] | None = None) -> Any:
    async def handler(request: web.Request) -> web.Response:
        await request.read()
        if request.path == TOKEN_PATH:
            return web.json_response({"accessToken": "t", "expireIn": 7200})
        if seen is not None:
            seen.append(request)
        return web.Response(status=case.status, body=case.raw, headers=case.headers)

    return handler


async def verdict_of(kind: Kind, case: Case) -> Verdict:
    session: Any = Answering(case)
    return await kind.notifier("http://127.0.0.1:1", tools(session)).send(message())


def test_no_kind_is_forgotten() -> None:
    assert {kind.kind for kind in (*KINDS, *OTHERS)} == set(FOUND)


@pytest.mark.parametrize("kind", [*KINDS, *OTHERS], ids=lambda kind: kind.name)
def test_the_messages_are_those_of_the_snapshots(kind: Kind) -> None:
    kept = (SNAPSHOTS / f"{kind.name}.json").read_text(encoding="utf-8")
    assert snapshots(kind) == kept


def test_there_are_no_other_snapshots() -> None:
    assert sorted(path.name for path in SNAPSHOTS.iterdir()) == sorted(
        f"{kind.name}.json" for kind in (*KINDS, *OTHERS)
    )


@every_kind
async def test_every_status_has_its_verdict(kind: Kind) -> None:
    session: Any = Answering()
    notifier = kind.notifier("http://127.0.0.1:1", tools(session))
    said, seen = message(), dict[int, Outcome]()
    for session.status in range(200, 600):
        seen[session.status] = (await notifier.send(said)).outcome
    assert seen == {status: kind.expected(status) for status in range(200, 600)}


@every_kind
async def test_the_documented_success_is_delivered(kind: Kind) -> None:
    async with receiving(handler_of(kind.good)) as (address, kit):
        assert (await kind.notifier(address, kit).send(message())).outcome is D


@pytest.mark.parametrize(
    ("kind", "case"),
    [
        pytest.param(kind, case, id=f"{kind.name}-{case.status}-{case.raw[:60]!r}")
        for kind in KINDS
        for case in kind.refusals
    ],
)
async def test_a_documented_refusal_is_read(kind: Kind, case: Case) -> None:
    verdict = await verdict_of(kind, case)
    assert (verdict.outcome, verdict.wait) == (case.outcome, case.wait)
    assert verdict.reason
    assert verdict.ref == ""


@every_kind
@pytest.mark.parametrize(
    "body", [bytes(range(256)), b"[" * 60_000, b"\xff" * 200_000, b"null", b"[0]", b'{"code": true}', b'"ok"']
)
async def test_an_answer_of_another_kind_raises_nothing(kind: Kind, body: bytes) -> None:
    case = Case(kind.good.status, body.decode("latin-1"), D)
    verdict = await verdict_of(kind, case)
    assert verdict.outcome is (U if kind.body_decides else D)


@every_kind
async def test_a_reset_connection_is_unreachable(kind: Kind) -> None:
    async def handler(request: web.Request) -> web.Response:
        if request.path == TOKEN_PATH:
            return web.json_response({"accessToken": "t", "expireIn": 7200})
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with receiving(handler) as (address, kit):
        verdict = await kind.notifier(address, kit).send(message())
    assert verdict.outcome is U
    assert verdict.reason


@every_kind
async def test_a_receiver_that_hangs_is_given_up_in_time(kind: Kind) -> None:
    released = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        await released.wait()
        return web.Response()

    async with receiving(handler) as (address, kit):
        notifier = kind.notifier(address, kit, timeout="100ms")
        verdict = await asyncio.wait_for(notifier.send(message()), 20)
        released.set()
    assert verdict.outcome is U
    assert "0.1" in verdict.reason


@every_kind
async def test_a_redirect_is_not_followed(kind: Kind) -> None:
    seen: list[web.Request] = []
    case = Case(307, "", D, headers={"Location": f"/elsewhere/{CANARY}"})
    async with receiving(handler_of(case, seen)) as (address, kit):
        verdict = await kind.notifier(address, kit).send(message())
    assert verdict.outcome is not D
    assert len(seen) == 1
    assert CANARY not in verdict.reason


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.kind != "smn"], ids=lambda kind: kind.name)
async def test_every_try_of_a_message_has_its_id(kind: Kind) -> None:
    """SMN has no such header: there the id stands in the attributes."""
    seen: list[web.Request] = []
    async with receiving(handler_of(kind.good, seen)) as (address, kit):
        notifier = kind.notifier(address, kit)
        for _ in range(2):
            await notifier.send(message())
    assert [request.headers["Idempotency-Key"] for request in seen] == ["9f3c2b1a77aa4e0d"] * 2


@every_kind
def test_the_payload_is_pure_and_holds_no_secret(kind: Kind) -> None:
    notifier = kind.notifier("https://example.com", tools())
    for reason in Reason:
        first, again = (notifier.payload(message(reason)) for _ in range(2))
        assert first == again
        assert CANARY not in json.dumps(first)


@every_kind
async def test_secrets_show_in_no_verdict_log_or_text(kind: Kind, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def echo(request: web.Request) -> web.Response:
        """Quotes everything it was told, in every place where a vendor's words stand."""
        words = f"{request.path_qs} {dict(request.headers)} {await request.text()}"
        named = dict.fromkeys(("msg", "errmsg", "message", "description", "errors", "error_msg"), words)
        status = int(request.headers.get("X-Status", "0")) or statuses.pop(0)
        return web.json_response(
            {**named, "code": 7, "errcode": 7, "status": "no", "ok": False, "error": words}, status=status
        )

    shown: list[str] = []
    statuses: list[int] = []
    async with receiving(echo) as (address, kit):
        notifier = kind.notifier(address, kit)
        for status in (200, 302, 400, 401, 403, 404, 429, 500):
            statuses[:] = [status] * 4
            shown += [str(await notifier.send(message())), repr(notifier)]
    options = FOUND[kind.kind].Options.model_validate(kind.options("https://example.com"))
    shown += [repr(options), str(options), options.model_dump_json()]
    logged = [record.getMessage() for record in caplog.records if record.name != "aiohttp.access"]
    assert [text for text in (*shown, *logged) if CANARY in text] == []


ALPHABETS = {"latin": "x", "chinese": "异", "emoji": "😀", "markup": "*<_[`\\&", "quotes": '"\\', "arabic": "خطأ "}


@every_kind
@pytest.mark.parametrize("alphabet", ALPHABETS)
@pytest.mark.parametrize("count", [1, 10, 40])
async def test_the_longest_message_keeps_within_the_limit(kind: Kind, alphabet: str, count: int) -> None:
    session: Any = Answering(kind.good)
    text = (ALPHABETS[alphabet] * 600)[:600]
    verdict = await kind.notifier("http://127.0.0.1:1", tools(session)).send(crowded(text, count))
    assert verdict.outcome is D
    [body] = session.sent
    assert kind.size(body) <= kind.limit
    assert ALPHABETS[alphabet][0] in json.dumps(json.loads(body), ensure_ascii=False)


@pytest.mark.parametrize("kind", OTHERS, ids=lambda kind: kind.name)
def test_the_others_keep_their_options_and_payload_pure(kind: Kind) -> None:
    options = FOUND[kind.name].Options.model_validate(kind.options(""))
    assert CANARY not in repr(options) + options.model_dump_json()
    notifier = kind.notifier("", tools(smtp=SmtpServer(sender="monitor@example.com")))
    for reason in Reason:
        first, again = (str(notifier.payload(message(reason))) for _ in range(2))
        assert first == again
