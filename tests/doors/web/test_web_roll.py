"""The list of alerts as a value: lists, filters and headings."""

from __future__ import annotations

from dataclasses import replace

import pytest
from webrows import NOW, alert, instance, resolved

from monitor.acknowledgement import Ack
from monitor.model import Severity, State
from monitor.quieting import Suppressed
from monitor.web.outlook import Seen
from monitor.web.roll import Roll, Show, roll, sought

FIRES = Seen(alert(instance("orders")), Suppressed())
SILENCED = Seen(alert(instance("billing")), Suppressed(silenced_by=("s-1",)))
WAITS = Seen(alert(instance("库存"), state=State.PENDING), Suppressed())
TEST = Seen(replace(alert(instance("lab", account="test")), severity=Severity.WARNING), Suppressed())
CARED = replace(FIRES, alert=alert(instance("cared")), ack=Ack("x", NOW, "wang", "", Severity.CRITICAL))
OVER = Seen(resolved(alert(instance("over"))), Suppressed())
ALL = (FIRES, SILENCED, WAITS, TEST, CARED, OVER)


def listed(**query: str) -> Roll:
    return roll(ALL, {OVER.alert.key, WAITS.alert.key}, sought(query))


def names(found: Roll) -> list[str]:
    return [row.labels["instance"] for row in found.rows]


@pytest.mark.parametrize(
    ("show", "expected"),
    [
        ("firing", ["orders", "lab", "cared"]),
        ("pending", ["库存"]),
        ("silenced", ["billing"]),
        ("acknowledged", ["cared"]),
        ("flapping", ["库存", "over"]),
        ("history", []),
        ("", ["orders", "lab", "cared"]),
        ("nonsense", ["orders", "lab", "cared"]),
    ],
)
def test_each_list_holds_what_its_name_says(show: str, expected: list[str]) -> None:
    found = listed(show=show)
    assert names(found) == expected
    assert found.counts == {
        Show.FIRING: 3,
        Show.PENDING: 1,
        Show.QUIET: 1,
        Show.ACKNOWLEDGED: 1,
        Show.FLAPPING: 2,
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"filter": 'instance=~"or.*|lab"'}, ["orders", "lab"]),
        ({"filter": 'severity!="critical"'}, ["lab"]),
        ({"filter": 'account="prod", instance!="orders"'}, ["cared"]),
        ({"account": "test"}, ["lab"]),
        ({"severity": "critical"}, ["orders", "cared"]),
        ({"severity": "nonsense"}, ["orders", "lab", "cared"]),
    ],
)
def test_what_does_not_fit_is_left_out_and_not_counted(query: dict[str, str], expected: list[str]) -> None:
    found = listed(**query)
    assert names(found) == expected
    assert found.counts[Show.FIRING] == len(expected)
    assert found.accounts == ["prod", "test"]


def test_a_filter_that_is_none_says_where_it_is_wrong_and_filters_nothing() -> None:
    asked = sought({"filter": 'account="prod", instance==orders'})
    assert asked.fault is not None
    assert (asked.fault.column, asked.fault.width) == (25, 2)
    assert asked.text == 'account="prod", instance==orders'
    assert len(roll(ALL, (), asked).rows) == 3


def test_headings_stand_worst_first_and_say_how_many_there_are_on_all_pages() -> None:
    found = listed(by="account")
    assert list(found.heads.items()) == [("prod", 2), ("test", 1)]
    assert [(head, count, len(rows)) for head, count, rows in found.blocks(found.rows[1:], "account")] == [
        ("prod", 2, 1),
        ("test", 1, 1),
    ]
    assert names(listed(by="account")) == ["orders", "cared", "lab"]
    assert list(listed(by="none").heads) == [""]


def test_alerts_are_grouped_by_any_label_they_have() -> None:
    assert listed(by="team").names == ["alertname", "account", "instance", "severity", "region", "team"]
    assert list(listed(by="team").heads.items()) == [("", 3)]
