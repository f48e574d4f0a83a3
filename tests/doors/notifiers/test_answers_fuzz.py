"""Answers of receivers with a few things wrong: a verdict with a reason that can be shown, and no false success."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifier_kinds import KINDS, Kind
from notifier_samples import CANARY, message, tools
from spoiling import ODD, examples, spoiled
from test_contract import Answering

from monitor.notifiers import Outcome, Verdict
from monitor.notifiers.http import LONGEST_WAIT

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
STATUSES = st.sampled_from([200, 200, 200, 201, 202, 204, 302, 400, 401, 403, 404, 413, 429, 500, 503])
HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "Content-Type", "X-RateLimit-Reset-After", "Date"]),
    st.sampled_from(["", "5", "-1", "1e9", "nan", "soon", "Wed, 21 Oct 2026 07:28:00 GMT", "9" * 400, "0.5"]),
    max_size=2,
)


def verdict(kind: Kind, status: int, headers: dict[str, str], body: bytes) -> Verdict:
    """What the notifier makes of one answer; it raises for nothing that the other side does."""
    session: Any = Answering()
    session.status, session.headers, session.body = status, headers, body
    found = asyncio.run(kind.notifier("http://127.0.0.1:1", tools(session)).send(message()))
    assert CANARY not in found.reason
    assert len(found.reason) < 1_000
    assert "\n" not in found.reason
    if found.outcome is Outcome.THROTTLED:
        assert found.wait is not None
        assert timedelta() < found.wait <= LONGEST_WAIT
    if found.outcome is Outcome.DELIVERED:
        assert 200 <= status < 300 or kind.odd.get(status) is Outcome.DELIVERED
    return found


def documents(kind: Kind) -> list[Any]:
    return [case.body for case in (kind.good, *kind.refusals)]


@pytest.mark.parametrize(
    ("name", "body"), [("pagerduty", {"status": "invalid event", "message": "said", "errors": True})]
)
def test_answers_that_once_had_no_verdict_have_one(name: str, body: Any) -> None:
    [kind] = [kind for kind in KINDS if kind.name == name]
    for status in (200, 400):
        assert verdict(kind, status, {}, json.dumps(body).encode()).outcome is not Outcome.DELIVERED


@every_kind
@given(st.data())
@examples(12)
def test_a_documented_answer_with_a_few_things_wrong_has_a_verdict(kind: Kind, data: st.DataObject) -> None:
    body = data.draw(st.sampled_from(documents(kind)))
    tree = data.draw(spoiled(body) if isinstance(body, dict | list) else ODD)
    text = tree if isinstance(tree, str) else json.dumps(tree, ensure_ascii=False)
    verdict(kind, data.draw(STATUSES), data.draw(HEADERS), text.encode(errors="surrogatepass"))


@every_kind
@given(st.binary(max_size=60), HEADERS)
@examples(12)
def test_what_is_no_answer_at_all_is_no_success_where_the_body_decides(
    kind: Kind, body: bytes, headers: dict[str, str]
) -> None:
    found = verdict(kind, 200, headers, body)
    if kind.body_decides and body != kind.good.raw:
        assert found.outcome is not Outcome.DELIVERED
