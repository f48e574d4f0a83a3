"""From samples to what is recorded, and from what was recorded on after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.engine import Engine
from monitor.meters import Meters, Pulse
from monitor.model import Alert, Cause, Counts, Failure, FailureKind, Instance, Run, Sample, Severity, State
from monitor.rules.rule import Rule
from monitor.store import alerts, history
from monitor.store.database import Store

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
ORDERS = Instance("prod", "i-1", "orders", "cn-north-4", "p-1", {"env": "prod"})
LOST = Failure(FailureKind.UNREACHABLE, "503")
ABNORMAL = Rule("abnormal", when="abnormal > 0", severity=Severity.CRITICAL, summary="{{ abnormal }} on {{ instance }}")
SLOW = Rule("slow", when="abnormal > 0", hold=timedelta(minutes=2))
SILENT = Rule("silent", when="up == 0 and age > 60s")


def sample(seconds: float, abnormal: int = 0, *, instance: Instance = ORDERS, lost: bool = False) -> Sample:
    at = START + timedelta(seconds=seconds)
    if lost:
        return Sample(instance, at, timedelta(), failure=LOST)
    return Sample(instance, at, timedelta(seconds=0.1), Counts(5, abnormal, 0, 9), Counts(2, 0, 0, 1))


class Rings:
    def __init__(self) -> None:
        self.count = 0
        self.fires: list[Alert] = []

    def ring(self) -> None:
        self.count += 1


@asynccontextmanager
async def engine(store: Store, *rules: Rule, at: float = 0, rings: Rings | None = None) -> AsyncIterator[Engine]:
    """An engine as one process runs it: loaded, stopped cleanly at the end of the block."""
    made = Engine(
        store,
        rules or (ABNORMAL,),
        now=lambda: START + timedelta(seconds=at),
        meters=Meters(),
        pulse=Pulse(),
        moved=(rings or Rings()).ring,
        fires=lambda _, alert: (rings or Rings()).fires.append(alert),
    )
    await made.load()
    running = asyncio.create_task(made.run())
    try:
        await made.meet([ORDERS])
        yield made
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def stored(store: Store) -> list[Alert]:
    async with store.read() as tx:
        return await alerts.known(tx)


async def runs(store: Store) -> list[Run]:
    async with store.read() as tx:
        return (await history.since(tx, START - timedelta(days=1))).get(ORDERS.key, [])


async def causes(store: Store) -> list[Cause]:
    async with store.read() as tx:
        return [transition.cause for _, transition in await alerts.unrouted(tx, most=99)]


async def test_a_breach_is_recorded_with_its_numbers_and_its_words(store: Store) -> None:
    rings = Rings()
    async with engine(store, rings=rings) as running:
        await running.take(sample(0))
        quiet = rings.count
        await running.take(sample(30, abnormal=3))
        assert rings.count > quiet
    [alert] = await stored(store)
    assert (alert.state, alert.severity, alert.fired_at) == (State.FIRING, Severity.CRITICAL, sample(30).at)
    assert alert.annotations == {"summary": "3 on orders"}
    assert alert.values["abnormal"] == 3
    assert alert.all_labels == {
        "alertname": "abnormal",
        "account": "prod",
        "region": "cn-north-4",
        "project_id": "p-1",
        "instance": "orders",
        "instance_id": "i-1",
        "env": "prod",
        "severity": "critical",
    }


async def test_polls_that_see_the_same_are_one_run(store: Store) -> None:
    async with engine(store) as running:
        for seconds in (0, 30, 60):
            await running.take(sample(seconds))
        await running.take(sample(90, abnormal=1))
        assert [(run.start, run.end, run.polls) for run in await runs(store)] == [
            (sample(0).at, sample(60).at, 3),
            (sample(90).at, sample(90).at, 1),
        ]


async def test_a_clean_stop_writes_how_far_the_runs_have_come(store: Store) -> None:
    async with engine(store) as running:
        await running.take(sample(0))
        await running.take(sample(30))
        assert [run.polls for run in await runs(store)] == [1]
    assert [run.polls for run in await runs(store)] == [2]


async def test_changing_numbers_of_a_firing_alert_are_kept_up_to_date(store: Store) -> None:
    async with engine(store) as running:
        await running.take(sample(0, abnormal=1))
        await running.take(sample(30, abnormal=7))
    [alert] = await stored(store)
    assert (alert.values["abnormal"], alert.annotations["summary"]) == (7, "7 on orders")
    assert await causes(store) == [Cause.HELD]


async def test_what_is_over_keeps_the_words_of_its_last_breach_and_the_numbers_of_its_end(store: Store) -> None:
    kept = replace(ABNORMAL, keep=timedelta(seconds=60))
    async with engine(store, kept) as running:
        await running.take(sample(0, abnormal=3))
        await running.take(sample(30, abnormal=4))
        for seconds, state in ((60, State.CLEARING), (90, State.CLEARING), (120, State.RESOLVED)):
            await running.take(sample(seconds))
            [alert] = await stored(store)
            assert (alert.state, alert.values["abnormal"]) == (state, 0)
            assert alert.annotations == {"summary": "4 on orders"}
        await running.take(sample(150, abnormal=2))
    [alert] = await stored(store)
    assert alert.annotations == {"summary": "2 on orders"}


async def test_a_failed_poll_resolves_nothing(store: Store) -> None:
    async with engine(store) as running:
        await running.take(sample(0, abnormal=1))
        await running.take(sample(30, lost=True))
        [alert] = await stored(store)
        assert (alert.state, alert.values["abnormal"]) == (State.FIRING, 1)
        await running.take(sample(60))
    assert await causes(store) == [Cause.HELD, Cause.CLEARED]


async def test_a_pending_timer_survives_a_restart(store: Store) -> None:
    async with engine(store, SLOW) as running:
        await running.take(sample(0, abnormal=1))
    async with engine(store, SLOW) as running:
        await running.take(sample(90, abnormal=1))
        assert [alert.state for alert in await stored(store)] == [State.PENDING]
        await running.take(sample(120, abnormal=1))
        assert [alert.state for alert in await stored(store)] == [State.FIRING]


async def test_a_firing_alert_is_not_born_again_by_a_restart(store: Store) -> None:
    for seconds in (0, 30):
        async with engine(store) as running:
            await running.take(sample(seconds, abnormal=1))
    assert await causes(store) == [Cause.HELD]


async def test_the_age_of_the_last_good_sample_survives_a_restart(store: Store) -> None:
    async with engine(store, SILENT) as running:
        await running.take(sample(0))
        await running.take(sample(30, lost=True))
    async with engine(store, SILENT) as running:
        await running.take(sample(50, lost=True))
        assert await stored(store) == []
        await running.take(sample(61, lost=True))
        [alert] = await stored(store)
    assert (alert.values["failures"], alert.values["age"]) == (3, 61)


async def test_an_instance_that_never_answered_ages_from_its_first_poll(store: Store) -> None:
    async with engine(store, SILENT) as running:
        await running.take(sample(0, lost=True))
        await running.take(sample(61, lost=True))
        assert len(await stored(store)) == 1


async def test_history_functions_look_back_over_a_restart(store: Store) -> None:
    jump = Rule("jump", when="increase(abnormal, 10m) >= 5")
    async with engine(store, jump) as running:
        await running.take(sample(0, abnormal=1))
    async with engine(store, jump, at=60) as running:
        await running.take(sample(60, abnormal=6))
        assert [alert.rule for alert in await stored(store)] == ["jump"]


@pytest.mark.parametrize(
    ("polled", "rules", "cause"),
    [
        ({}, (ABNORMAL,), Cause.ACCOUNT_REMOVED),
        ({"prod": []}, (ABNORMAL,), Cause.INSTANCE_REMOVED),
        ({"prod": None}, (SLOW,), Cause.RULE_REMOVED),
    ],
)
async def test_what_nothing_will_move_any_more_ends_by_name(
    store: Store, polled: dict[str, list[object] | None], rules: tuple[Rule, ...], cause: Cause
) -> None:
    async with engine(store) as running:
        await running.take(sample(0, abnormal=1))
    async with engine(store, *rules) as running:
        await running.retire(polled)  # type: ignore[arg-type]
    assert await causes(store) == [Cause.HELD, cause]


async def test_what_is_still_polled_is_not_ended(store: Store) -> None:
    async with engine(store) as running:
        await running.take(sample(0, abnormal=1))
        await running.retire({"prod": [ORDERS.key]})
    assert await causes(store) == [Cause.HELD]


async def test_a_storm_of_alerts_costs_few_transactions(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [replace(ORDERS, id=f"i-{number}", name=f"n-{number}") for number in range(500)]
    writes = 0
    write = store.write

    def counted(*, alone=True):  # type: ignore[no-untyped-def]
        nonlocal writes
        writes += 1
        return write()

    async with engine(store) as running:
        await running.meet(many)
        monkeypatch.setattr(store, "write", counted)
        async with asyncio.TaskGroup() as tasks:
            for one in many:
                tasks.create_task(running.take(sample(0, abnormal=1, instance=one)))
    assert len(await stored(store)) == 500
    assert writes < 10


def failed(seconds: float, instance: Instance, kind: FailureKind = FailureKind.UNREACHABLE) -> Sample:
    return Sample(instance, START + timedelta(seconds=seconds), timedelta(), failure=Failure(kind, "no answer"))


async def test_an_account_of_which_every_poll_fails_raises_one_alert_that_its_first_answer_ends(store: Store) -> None:
    invoices = replace(ORDERS, id="i-2", name="invoices")
    async with engine(store) as running:
        await running.meet([invoices])
        await running.take(failed(0, ORDERS))
        assert await stored(store) == []
        await running.take(failed(1, invoices))
        await running.take(failed(30, ORDERS))
        [alert] = await stored(store)
        assert (alert.rule, alert.state, alert.severity) == ("account-unreachable", State.FIRING, Severity.CRITICAL)
        assert alert.annotations["summary"] == "account prod cannot be polled: no answer"
        assert "instance" not in alert.labels
    async with engine(store) as running:
        await running.retire({"prod": [ORDERS.key]})
        await running.take(sample(60))
    assert await causes(store) == [Cause.HELD, Cause.CLEARED]


async def test_refused_credentials_are_the_accounts_alert_at_once(store: Store) -> None:
    async with engine(store) as running:
        await running.take(failed(0, ORDERS, FailureKind.AUTH))
    assert [alert.rule for alert in await stored(store)] == ["account-unreachable"]


async def test_samples_that_come_together_make_one_account_alert(store: Store) -> None:
    many = [replace(ORDERS, id=f"i-{number}") for number in range(20)]
    async with engine(store) as running:
        await running.meet(many)
        async with asyncio.TaskGroup() as tasks:
            for one in many:
                tasks.create_task(running.take(failed(0, one, FailureKind.AUTH)))
    assert await causes(store) == [Cause.HELD]


async def test_the_alerts_of_an_instance_that_left_end_by_that_name(store: Store) -> None:
    async with engine(store) as running:
        await running.take(sample(0, abnormal=1))
        assert running.hot(ORDERS.key)
        assert running.troubled("prod") == {ORDERS.key}
        await running.leave([ORDERS.key])
        assert not running.hot(ORDERS.key)
        await running.take(sample(30, abnormal=1))
    assert await causes(store) == [Cause.HELD, Cause.INSTANCE_REMOVED]


async def test_alerts_are_told_of_as_they_begin_to_fire_and_as_their_numbers_move(store: Store) -> None:
    rings = Rings()
    async with engine(store, replace(ABNORMAL, hold=timedelta(seconds=60)), rings=rings) as running:
        for seconds, abnormal in ((0, 1), (60, 1), (90, 1), (120, 2), (150, 0)):
            await running.take(sample(seconds, abnormal=abnormal))
    assert [(alert.state, alert.values["abnormal"]) for alert in rings.fires] == [
        (State.FIRING, 1),
        (State.FIRING, 2),
    ]


async def test_a_note_is_kept_while_the_alert_is_the_same_incident_and_gone_when_it_fires_anew(store: Store) -> None:
    rings = Rings()
    async with engine(store, rings=rings) as running:
        await running.take(sample(0, abnormal=1))
        heard = rings.count
        await running.annotate(rings.fires[-1], "tasks", "sync-orders")
        assert rings.count > heard
        assert (await stored(store))[0].annotations == {"summary": "1 on orders", "tasks": "sync-orders"}
        await running.take(sample(30, abnormal=2))
        await running.take(sample(60, lost=True))
    async with engine(store, rings=rings) as running:
        await running.take(sample(90, abnormal=3))
        assert (await stored(store))[0].annotations == {"summary": "3 on orders", "tasks": "sync-orders"}
        await running.take(sample(120))
        await running.take(sample(150, abnormal=4))
        assert (await stored(store))[0].annotations == {"summary": "4 on orders"}


async def test_an_instance_that_leaves_while_its_poll_is_being_recorded_harms_nobody(store: Store) -> None:
    async with engine(store) as running:
        await running.take(sample(0, abnormal=1))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(running.take(sample(30)))
            tasks.create_task(running.leave([ORDERS.key]))
    assert [one.state for one in await stored(store)] == [State.RESOLVED]
    assert (await causes(store))[0] == Cause.HELD


async def test_an_empty_note_takes_the_old_one_away(store: Store) -> None:
    rings = Rings()
    async with engine(store, rings=rings) as running:
        await running.take(sample(0, abnormal=1))
        for text in ("sync-orders", "", ""):
            await running.annotate(rings.fires[-1], "tasks", text)
    assert (await stored(store))[0].annotations == {"summary": "1 on orders"}


async def test_a_note_that_comes_too_late_changes_nothing(store: Store) -> None:
    rings = Rings()
    async with engine(store, rings=rings) as running:
        await running.take(sample(0, abnormal=1))
        known = rings.fires[-1]
        await running.take(sample(30))
        await running.annotate(known, "tasks", "sync-orders")
        assert [(one.state, "tasks" in one.annotations) for one in await stored(store)] == [(State.RESOLVED, False)]
        await running.take(sample(60, abnormal=1))
        await running.annotate(known, "tasks", "sync-orders")
        await running.annotate(replace(known, rule="gone"), "tasks", "sync-orders")
        await running.annotate(replace(known, instance=None), "tasks", "sync-orders")
    assert [(one.state, "tasks" in one.annotations) for one in await stored(store)] == [(State.FIRING, False)]
    assert await causes(store) == [Cause.HELD, Cause.CLEARED, Cause.HELD]


async def test_notes_and_samples_that_come_together_lose_nothing_of_each_other(store: Store) -> None:
    many = [replace(ORDERS, id=f"i-{number}", name=f"n-{number}") for number in range(50)]
    rings = Rings()
    async with engine(store, rings=rings) as running:
        await running.meet(many)
        for one in many:
            await running.take(sample(0, abnormal=1, instance=one))
        async with asyncio.TaskGroup() as tasks:
            for place, (one, known) in enumerate(zip(many, list(rings.fires), strict=True)):
                jobs = [running.annotate(known, "tasks", "sync"), running.take(sample(30, place % 2 * 2, instance=one))]
                for job in jobs if place % 3 else reversed(jobs):
                    tasks.create_task(job)
        for one in many[1::2]:
            await running.take(sample(60, abnormal=3, instance=one))
    alive = [one for one in await stored(store) if one.state is State.FIRING]
    assert {one.instance for one in alive} == {one.key for one in many[1::2]}
    assert {(one.annotations["summary"][:1], one.annotations.get("tasks")) for one in alive} == {("3", "sync")}


async def test_counts_that_looked_lost_before_a_restart_look_lost_after_it(store: Store) -> None:
    lost = Sample(ORDERS, START + timedelta(seconds=30), timedelta(), Counts(), Counts())
    guarded = Rule("guarded", when="abnormal > 0", clear="abnormal == 0 and suspicious == 0")
    async with engine(store, guarded) as running:
        await running.take(sample(0, abnormal=1))
        await running.take(lost)
    async with engine(store, guarded) as running:
        await running.take(replace(lost, at=START + timedelta(seconds=60)))
        assert [alert.state for alert in await stored(store)] == [State.FIRING]
        await running.take(sample(90))
        assert [alert.state for alert in await stored(store)] == [State.RESOLVED]
