"""The times that alerts fired, read back from the steps that were recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.ledger import Line
from monitor.model import Alert, Cause, Severity, State, Transition
from monitor.store import alerts, decisions, episodes
from monitor.store.database import Store
from monitor.store.episodes import Episode, Unrest

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
BRIEF, AGAIN = timedelta(minutes=5), timedelta(minutes=30)


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


def alert(key: str, rule: str = "abnormal") -> Alert:
    labels = {"alertname": rule, "instance": key}
    return Alert(key, rule, "1", None, labels, Severity.CRITICAL, State.RESOLVED, START, START)


def step(key: str, at: float, before: State, after: State, rule: str = "abnormal") -> Transition:
    cause = Cause.CLEARED if after is State.RESOLVED else Cause.HELD
    return Transition(key, minute(at), before, after, cause, Severity.WARNING, rule, "1")


def fired(key: str, begin: float, end: float | None, rule: str = "abnormal") -> list[Transition]:
    """It waits for a minute, fires, clears and resolves."""
    steps = [
        step(key, begin - 1, State.NONE, State.PENDING, rule),
        step(key, begin, State.PENDING, State.FIRING, rule),
    ]
    if end is not None:
        steps.append(step(key, end - 0.5, State.FIRING, State.CLEARING, rule))
        steps.append(step(key, end, State.CLEARING, State.RESOLVED, rule))
    return steps


async def told(store: Store, *steps: Transition) -> None:
    async with store.write() as tx:
        known = {one.alert: alert(one.alert, one.rule) for one in steps}
        await alerts.save(tx, list(known.values()))
        await alerts.append(tx, sorted(steps, key=lambda one: one.at))


async def found(store: Store, *, before: int | None = None) -> list[Episode]:
    async with store.read() as tx:
        return [one async for one in episodes.over(tx, before=before)]


async def test_each_time_that_is_over_is_told_with_its_beginning_newest_first(store: Store) -> None:
    await told(store, *fired("a", 10, 20), *fired("a", 40, 45), *fired("b", 15, 50), *fired("c", 30, None))
    over = await found(store)
    assert [(one.key, one.fired_at, one.resolved_at) for one in over] == [
        ("b", minute(15), minute(50)),
        ("a", minute(40), minute(45)),
        ("a", minute(10), minute(20)),
    ]
    first = over[0]
    assert (first.rule, first.severity, first.cause) == ("abnormal", Severity.WARNING, Cause.CLEARED)
    assert first.labels == {"alertname": "abnormal", "instance": "b"}
    assert [one.key for one in await found(store, before=first.row)] == ["a", "a"]


async def test_more_than_one_batch_is_read_to_its_end(store: Store) -> None:
    await told(store, *(one for number in range(1203) for one in fired(f"k-{number}", number, number + 0.7)))
    over = await found(store)
    assert len(over) == 1203
    assert [one.row for one in over] == sorted((one.row for one in over), reverse=True)


async def test_what_began_before_anything_was_kept_has_no_beginning(store: Store) -> None:
    await told(store, step("a", 5, State.FIRING, State.RESOLVED))
    assert [one.fired_at for one in await found(store)] == [None]


async def test_what_nobody_could_act_on_is_counted_once(store: Store) -> None:
    calm = fired("calm", 100, 190, "calm")
    restless = (
        *fired("x", 10, 14),
        *fired("x", 30, 60),
        *fired("x", 80, 83),
        *fired("y", 10, 60),
        *fired("y", 200, None),
    )
    await told(store, *calm, *restless, *fired("old", -50, -48))

    def line(number: float) -> Line:
        return Line(minute(number), "x", "g", "ops", "told", "new", message=f"m-{number}")

    async with store.write() as tx:
        lines = [line(10), line(30), replace(line(30), alert="y"), replace(line(31), message=""), line(-50)]
        await decisions.append(tx, lines)
    async with store.read() as tx:
        seen = await episodes.unrest(tx, START, minute(260), brief=BRIEF, again=AGAIN)
    assert seen == {
        "calm": Unrest(firings=1, alerts=1, total=timedelta(minutes=90)),
        # brief: x at 10 and 80; again: x at 30 (16 minutes after) and 80 (20 minutes after)
        "abnormal": Unrest(5, 2, 2, 2, 3, 2, timedelta(minutes=4 + 30 + 3 + 50 + 60)),
    }
