"""A drill is judged and grouped as every alert, is plainly marked, disturbs no group, and leaves nothing open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest

from monitor.drill import Schedule, course, place, said
from monitor.matchers import EVERYTHING, parse
from monitor.message import Colour, plain, render
from monitor.model import Cause, State
from monitor.notification import Notification, Reason
from monitor.routing import Route, Step

AT = datetime(2026, 1, 5, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NIGHT = Route('{}/{team="data"}', "data", parse('team="data"'), ("team", "alertname"), MINUTE, MINUTE, MINUTE)
ROOT = Route(
    "{}",
    "ops",
    EVERYTHING,
    ("account", "alertname"),
    MINUTE,
    MINUTE,
    MINUTE,
    routes=(NIGHT,),
    mute=("nights",),
    steps=(Step("manager", 15 * MINUTE),),
)


def told(receiver: str, number: str = "d-1") -> list[Notification]:
    ids = count(1)
    return list(said(place(ROOT, receiver, number), course(AT), AT, lambda: f"m-{next(ids)}"))


def test_its_sample_breaches_a_rule_and_the_next_one_ends_the_alert() -> None:
    played = course(AT)
    assert played.began.alert is not None
    assert played.ended.alert is not None
    assert (played.began.alert.state, played.began.alert.values["abnormal"]) == (State.FIRING, 1.0)
    assert (played.ended.alert.state, played.ended.alert.cause) == (State.RESOLVED, Cause.CLEARED)
    assert played.began.alert.labels == {
        "alertname": "drill",
        "account": "drill",
        "instance": "drill",
        "instance_id": "drill",
    }


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        (
            "en",
            ["[DRILL info] drill · drill · drill", "this is a drill: nothing is wrong, and nothing has to be done"],
        ),
        ("zh", ["[演练 提示] drill · drill · drill", "这是一次演练：一切正常，无需处理"]),
    ],
)
def test_it_is_marked_as_a_drill_before_anything_else(language: str, lines: list[str]) -> None:
    fires, _ = told("ops")
    message = render(fires, language=language, zone=UTC, public_url="https://f", key=b"k" * 32)
    assert plain(message).splitlines()[:2] == lines
    assert message.actions == (), "there is nothing to acknowledge"
    assert message.colour is Colour.BLUE


@pytest.mark.parametrize(
    ("receiver", "key"),
    [
        ("ops", '{}/drill=d-1:{account="drill", alertname="drill"}'),
        ("data", '{}/{team="data"}/drill=d-1:{alertname="drill"}'),
        ("manager", '{}/after=15m/drill=d-1:{account="drill", alertname="drill"}'),
        ("fallback", '{}/drill=d-1:{account="drill", alertname="drill"}'),
    ],
)
def test_it_takes_the_route_that_leads_to_the_receiver_at_once_whatever_mutes_that(receiver: str, key: str) -> None:
    fires, over = told(receiver)
    assert (fires.reason, fires.receiver, fires.id, fires.group_key) == (Reason.DRILL, receiver, "m-1", key)
    assert (over.reason, over.id, over.group_key, over.firing) == (Reason.DRILL, "m-2", key, ())
    assert render(over, language="en", zone=UTC).title == "[DRILL] drill · drill · drill"


def test_each_is_a_group_of_its_own() -> None:
    assert told("ops")[0].group_key != told("ops", "d-2")[0].group_key


def test_a_schedule_goes_by_the_clocks_of_its_zone() -> None:
    schedule = Schedule("5 9 * * 1", ZoneInfo("Asia/Shanghai"))
    due = datetime(2026, 1, 12, 1, 5, tzinfo=UTC)
    assert schedule.after(AT) == due
    assert schedule.after(due - timedelta(seconds=1)) == due
    assert schedule.after(due) == due + timedelta(days=7)
    assert schedule.name != Schedule("5 9 * * 1", ZoneInfo("Europe/Berlin")).name


def test_it_steps_aside_at_the_full_hour() -> None:
    schedule = Schedule("0 9 * * 1", ZoneInfo("Asia/Shanghai"))
    due = schedule.after(AT)
    assert due is not None
    assert timedelta(seconds=10) <= due - datetime(2026, 1, 12, 1, tzinfo=UTC) <= MINUTE
    assert schedule.after(due) == due + timedelta(days=7), "once, and always as late"
