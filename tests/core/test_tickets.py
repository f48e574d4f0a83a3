"""Signed links: the same at every try, for nobody else to make, and not for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.message import render
from monitor.model import Severity
from monitor.notification import AlertView, Change, Notification, Reason
from monitor.tickets import Deed, Ticket, Unusable, about, opened, ticket

AT = datetime(2026, 1, 5, 10, tzinfo=UTC)
KEY, OTHER = b"k" * 32, b"o" * 32
LABELS = {"alertname": "tasks-abnormal", "account": "prod", "instance": "orders", "instance_id": "i-1"}
ORDERS = AlertView("a", {**LABELS, "severity": "critical"}, {}, Severity.CRITICAL, True, Change.NEW, AT)
SAID = Notification("m-1.1", "ops", "{}", {}, Reason.FIRST, AT, (ORDERS,))


def test_a_sealed_ticket_opens_for_a_day() -> None:
    sealed = ticket(Deed.SILENCE_4H, SAID).sealed(KEY)
    assert sealed == ticket(Deed.SILENCE_4H, SAID).sealed(KEY)
    assert len(sealed) < 100
    last = AT + timedelta(hours=24)
    assert opened(sealed, KEY, last - timedelta(seconds=1)) == Ticket(Deed.SILENCE_4H, "m-1.1", last)
    with pytest.raises(Unusable, match=r"expired: .* 24 hours"):
        opened(sealed, KEY, last)


@pytest.mark.parametrize("change", ["forged", "another key", "another deed", "longer", "cut", "empty", "中文"])
def test_what_was_changed_does_not_open(change: str) -> None:
    sealed = ticket(Deed.ACKNOWLEDGE, SAID).sealed(KEY)
    texts = {
        "forged": "x" * 22 + sealed[22:],
        "another key": ticket(Deed.ACKNOWLEDGE, SAID).sealed(OTHER),
        "another deed": sealed.replace(".ack.", ".s4."),
        "longer": sealed.replace(f".{int((AT + timedelta(hours=24)).timestamp())}.", ".9999999999."),
        "cut": sealed[:-1],
        "empty": "",
        "中文": f"中文{sealed}",
    }
    with pytest.raises(Unusable, match="not made by this service"):
        opened(texts[change], KEY, AT)


def test_matchers_name_what_the_alerts_have_in_common_and_no_more() -> None:
    other = replace(ORDERS, labels={**ORDERS.labels, "instance": "a.b|c", "severity": "warning"})
    assert str(about([ORDERS])) == 'account="prod",alertname="tasks-abnormal",instance="orders"'
    both = about([ORDERS, other])
    assert both.match(ORDERS.labels)
    assert both.match(other.labels)
    assert not both.match({**ORDERS.labels, "instance": "aXb"})
    assert str(about([replace(ORDERS, labels={"alertname": "x", "region": "r"})])) == 'alertname="x",region="r"'


def test_a_message_that_fires_has_links_in_its_language_and_one_that_is_over_has_none() -> None:
    texts = {
        language: [
            one.text for one in render(SAID, language=language, zone=UTC, public_url="https://f", key=KEY).buttons
        ]
        for language in ("en", "zh")
    }
    assert texts == {
        "en": ["acknowledge", "silence 1 h", "silence 4 h", "details"],
        "zh": ["认领", "静默 1 小时", "静默 4 小时", "详情"],
    }
    trial = replace(SAID, reason=Reason.TEST)
    assert render(trial, language="en", zone=UTC, public_url="https://f", key=KEY).actions == ()
    over = replace(SAID, alerts=(replace(ORDERS, firing=False),))
    assert render(over, language="en", zone=UTC, public_url="https://f", key=KEY).actions == ()
    assert render(SAID, language="en", zone=UTC, public_url="https://f").actions == ()
    assert render(SAID, language="en", zone=UTC, key=KEY).actions == ()
