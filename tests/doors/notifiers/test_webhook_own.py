"""Webhooks of the operator's own making: body, success, patience, signature."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from notifier_samples import CANARY, NOW, ORDERS, message, receiving, tools
from pydantic import ValidationError

from monitor.notification import Reason
from monitor.notifiers import Outcome, Verdict
from monitor.notifiers.webhook import Webhook, WebhookOptions

URL = "https://example.com"
OWN = """{
  "title": {{ title|tojson }}, "level": {{ severity|tojson }},
  "alerts": [{% for alert in alerts %}
    {"on": {{ alert.instance|tojson }}, "labels": {{ alert.labels|tojson }},
     "n": {{ alert.values.abnormal|default(0) }}}
    {% if not loop.last %},{% endif %}{% endfor %}]
}"""


def webhook(**given: Any) -> Webhook:
    return Webhook(WebhookOptions.model_validate({"url": URL, **given}), tools())


async def answered(status: int, said: Any, headers: dict[str, str] | None = None, **given: Any) -> Verdict:
    async def handler(request: web.Request) -> web.Response:
        await request.read()
        text = said if isinstance(said, str) else json.dumps(said)
        return web.Response(status=status, text=text, headers=headers)

    async with receiving(handler) as (address, kit):
        return await Webhook(WebhookOptions.model_validate({"url": address, **given}), kit).send(message())


def test_a_body_of_ones_own_is_json_whatever_the_texts_hold() -> None:
    text = 'say "no"\\ <b>&</b> 异常 😀'
    alert = dataclasses.replace(ORDERS, labels={**ORDERS.labels, "instance": text})
    body = json.loads(webhook(body=OWN).payload(message(Reason.MORE, alerts=(alert, ORDERS))))
    assert body["level"] == "critical"
    assert [one["on"] for one in body["alerts"]] == [text, "orders"]
    assert body["alerts"][0]["labels"]["instance"] == text
    assert body["alerts"][0]["n"] == 17


def test_a_large_body_is_not_cut() -> None:
    alerts = tuple(dataclasses.replace(ORDERS, key=str(n), annotations={"summary": "x" * 480}) for n in range(10))
    body = webhook(body='{"text": {{ text|tojson }}, "all": {{ alerts|tojson }}}').payload(message(alerts=alerts))
    assert len(json.loads(body)["all"]) == 10


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"body": '{"title": "{{ title }}"}'}, "write {{ title|tojson }}"),
        ({"body": "{{ titel }}"}, "unknown name 'titel', did you mean 'title'?"),
        ({"body": "{{ open('/etc/passwd') }}"}, "nothing can be called here"),
        ({"body": "{{ title.__class__ }}"}, "unknown name '__class__'"),
        ({"body": "plain {{ title }}"}, "header Content-Type"),
        ({"success_when": "stauts == 200"}, "unknown name 'stauts'; known are status, headers, body"),
        ({"success_when": "{{ status }}"}, "write the expression alone"),
        ({"success_when": "status =="}, "column"),
        ({"success_when": "body.__class__()"}, "nothing can be called here"),
        ({"retry_after": "boddy.wait"}, "unknown name 'boddy'"),
        ({"secret": f"whsec_{CANARY}!"}, "must be base64"),
    ],
)
def test_what_cannot_work_is_found_when_the_policy_is_read(given: dict[str, str], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        webhook(**given)
    assert words in str(caught.value)
    assert CANARY not in str(caught.value)


def test_a_body_of_another_type_may_be_any_text() -> None:
    made = webhook(body="{{ title }}: {{ delta }}", headers={"Content-Type": "text/plain"})
    assert made.payload(message()) == "[FIRING critical] cdc-tasks-abnormal · prod · orders: "


async def test_a_body_that_cannot_be_filled_in_is_a_refusal_that_says_why() -> None:
    verdict = await answered(200, "", body='{"a": {{ alerts[1].instance|tojson }}}')
    assert verdict.outcome is Outcome.REFUSED
    assert verdict.reason.startswith("`body` of this receiver, column ")


@pytest.mark.parametrize(
    ("status", "body", "outcome", "wait"),
    [
        (200, {"code": 0}, Outcome.DELIVERED, None),
        (200, {"code": 1}, Outcome.UNREACHABLE, None),
        (200, {}, Outcome.UNREACHABLE, None),
        (200, "no json", Outcome.UNREACHABLE, None),
        (200, [1], Outcome.UNREACHABLE, None),
        (200, "[" * 900 + "]" * 900, Outcome.UNREACHABLE, None),
        (200, {"code": 1, "wait": 90}, Outcome.THROTTLED, timedelta(seconds=90)),
        (200, {"code": 1, "wait": "90"}, Outcome.THROTTLED, timedelta(seconds=90)),
        (200, {"code": 1, "wait": 0}, Outcome.THROTTLED, timedelta(minutes=1)),
        (200, {"code": 1, "wait": 1e12}, Outcome.THROTTLED, timedelta(hours=24)),
        (200, {"code": 1, "wait": -5}, Outcome.UNREACHABLE, None),
        (200, {"code": 1, "wait": {"s": 1}}, Outcome.UNREACHABLE, None),
        (409, {"duplicate": True}, Outcome.DELIVERED, None),
        (400, {"code": 0, "bad": 1}, Outcome.DELIVERED, None),
        (404, {}, Outcome.REFUSED, None),
        (503, {"wait": 5}, Outcome.THROTTLED, timedelta(seconds=5)),
        (503, {}, Outcome.UNREACHABLE, None),
    ],
)
async def test_the_policy_says_what_success_is_and_how_long_to_wait(
    status: int, body: Any, outcome: Outcome, wait: timedelta | None
) -> None:
    verdict = await answered(
        status, body, success_when="body.code == 0 or (status == 409 and body.duplicate)", retry_after="body.wait"
    )
    assert (verdict.outcome, verdict.wait) == (outcome, wait)


async def test_headers_can_be_asked_too() -> None:
    given = {"success_when": "headers['x-result'] == 'ok'", "retry_after": "headers['x-wait']"}
    assert (await answered(200, "", {"X-Result": "ok"}, **given)).outcome is Outcome.DELIVERED
    verdict = await answered(200, "", {"X-Wait": "12"}, **given)
    assert (verdict.outcome, verdict.wait) == (Outcome.THROTTLED, timedelta(seconds=12))


SECRET = "whsec_" + base64.b64encode(b"k" * 24).decode()


async def test_requests_are_signed_as_standard_webhooks_says() -> None:
    seen: list[tuple[dict[str, str], bytes]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(({name.lower(): value for name, value in request.headers.items()}, await request.read()))
        return web.Response()

    async with receiving(handler) as (address, kit):
        for secret in (SECRET, "plain text"):
            options = WebhookOptions.model_validate({"url": address, "secret": secret})
            await Webhook(options, kit).send(message())
    for (headers, body), key in zip(seen, (b"k" * 24, b"plain text"), strict=True):
        stamp = str(int(NOW.timestamp()))
        assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("9f3c2b1a77aa4e0d", stamp)
        digest = hmac.new(key, b"9f3c2b1a77aa4e0d." + stamp.encode() + b"." + body, hashlib.sha256).digest()
        assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
