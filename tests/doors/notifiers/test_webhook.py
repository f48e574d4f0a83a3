"""The generic webhook: Alertmanager's body, version 4."""

from __future__ import annotations

import dataclasses
import json
import logging

import pytest
from aiohttp import web
from notifier_samples import CANARY, ORDERS, message, receiving, tools
from pydantic import SecretStr, ValidationError

from monitor import __version__
from monitor.notification import Reason
from monitor.notifiers import Outcome
from monitor.notifiers.prometheus import _REASONS
from monitor.notifiers.webhook import Webhook, WebhookOptions

KEYS = [
    *("receiver", "status", "alerts", "notification_reason", "groupLabels", "commonLabels", "commonAnnotations"),
    *("routeLabels", "externalURL", "version", "groupKey", "truncatedAlerts"),
]
ALERT_KEYS = ["status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint"]


def test_keys_stand_in_the_order_of_alertmanager() -> None:
    body = Webhook(WebhookOptions(url=SecretStr("https://example.com")), tools()).payload(message(Reason.MORE))
    assert list(body) == KEYS
    assert [list(alert) for alert in body["alerts"]] == [ALERT_KEYS, ALERT_KEYS]


def test_the_fingerprint_is_the_one_alertmanager_gives_the_same_labels() -> None:
    labels = {"alertname": "TooManyAbnormal", "instance_name": "a", "severity": "critical"}
    alert = dataclasses.replace(ORDERS, labels=labels)
    body = Webhook(WebhookOptions(url=SecretStr("https://example.com")), tools()).payload(message(alerts=(alert,)))
    assert body["alerts"][0]["fingerprint"] == "1c5a0a96d986d267"


async def test_what_arrives_is_the_payload_with_the_id_of_the_message() -> None:
    seen: list[tuple[str, dict[str, str], bytes]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request.method, {k.lower(): v for k, v in request.headers.items()}, await request.read()))
        return web.Response(status=204)

    async with receiving(handler) as (address, kit):
        options = WebhookOptions(url=SecretStr(address), headers={"authorization": SecretStr(f"Bearer {CANARY}")})
        notifier = Webhook(options, kit)
        verdicts = [await notifier.send(message()), await notifier.send(message())]
    assert [verdict.outcome for verdict in verdicts] == [Outcome.DELIVERED] * 2
    assert seen[0] == seen[1]
    method, headers, body = seen[0]
    assert method == "POST"
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["user-agent"] == f"fdi-monitor/{__version__}"
    assert headers["idempotency-key"] == "9f3c2b1a77aa4e0d"
    assert headers["authorization"] == f"Bearer {CANARY}"
    assert body.endswith(b"}\n")
    assert json.loads(body) == notifier.payload(message())


async def test_a_header_of_the_policy_replaces_ours_whatever_its_case() -> None:
    seen: list[list[str]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.headers.getall("User-Agent"))
        return web.Response()

    async with receiving(handler) as (address, kit):
        options = WebhookOptions(url=SecretStr(address), headers={"USER-AGENT": SecretStr("mine")})
        await Webhook(options, kit).send(message())
    assert seen == [["mine"]]


def test_the_policy_gives_durations_as_text() -> None:
    options = WebhookOptions.model_validate({"url": "https://example.com", "timeout": "1m30s", "language": "zh"})
    assert (options.timeout.total_seconds(), options.language, options.send_resolved) == (90, "zh", True)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"url": ""},
        {"url": f"ftp://example.com/{CANARY}"},
        {"url": f"https://example.com/{CANARY}\n"},
        {"url": f"https:///{CANARY}"},
        {"url": f"https://example.com:99999/{CANARY}"},
        {"url": f"https://[::1/{CANARY}"},
        {"headers": {"X-Key": f"{CANARY}\r\nX: y"}},
        {"headers": {f"X {CANARY}": "1"}},
        {"headers": {"Host": CANARY}},
        {"timeout": 10},
        {"timeout": "10"},
        {"timeout": "0s"},
        {"timeout": "6m"},
        {"timeout": True},
        {"language": "fr"},
        {CANARY[:6]: "1"},
    ],
)
def test_wrong_options_are_refused_without_repeating_a_secret(
    wrong: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    given = {"url": f"https://example.com/{CANARY}", **wrong} if wrong else {}
    with pytest.raises(ValidationError) as caught:
        WebhookOptions.model_validate(given)
    assert CANARY not in str(caught.value) + str(caught.value.errors(include_input=False, include_url=False))


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_word_that_alertmanager_knows(reason: Reason) -> None:
    known = {
        "none",
        "unknown",
        "first notification",
        "new alerts added",
        "some alerts resolved",
        "all alerts resolved",
        "repeat interval elapsed",
    }
    assert _REASONS[reason] in known
