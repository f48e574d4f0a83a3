"""The alert about receivers that cannot be told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.model import Alert, Cause, State
from monitor.undelivered import judged

AT = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


def after(known: dict[str, Alert], failing: dict[str, str], seconds: float) -> dict[str, Alert]:
    """The alerts after a look at this moment."""
    changes = judged(known, failing, at=AT + timedelta(seconds=seconds))
    return known | {change.key: change.alert for change in changes if change.alert is not None}


def test_each_receiver_has_its_own_alert_which_ends_when_it_takes_messages_again() -> None:
    known = after({}, {"ops": "feishu: sign does not match", "oncall": "email: no answer"}, 0)
    assert sorted((one.labels["receiver"], str(one.state), str(one.severity)) for one in known.values()) == [
        ("oncall", "firing", "critical"),
        ("ops", "firing", "critical"),
    ]
    [ops] = [one for one in known.values() if one.labels["receiver"] == "ops"]
    assert ops.annotations == {"summary": "messages to ops are not delivered: feishu: sign does not match"}
    known = after(known, {"oncall": "email: no answer"}, 60)
    ends = {one.labels["receiver"]: (one.state, one.cause) for one in known.values()}
    assert ends["ops"] == (State.RESOLVED, Cause.CLEARED)
    assert ends["oncall"][0] is State.FIRING


def test_the_same_trouble_is_told_once_and_a_new_one_anew() -> None:
    known = after({}, {"ops": "down"}, 0)
    assert judged(known, {"ops": "still down"}, at=AT + timedelta(minutes=1)) == []
    well = after(known, {}, 120)
    assert judged(well, {}, at=AT + timedelta(minutes=3)) == []
    [again] = after(well, {"ops": "down"}, 240).values()
    assert (again.state, again.fired_at) == (State.FIRING, AT + timedelta(seconds=240))
