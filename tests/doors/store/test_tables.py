"""What is written is what is read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.grouping import Decision, Group, Quiet, Said
from monitor.model import (
    Alert,
    Cause,
    Counts,
    Failure,
    FailureKind,
    Instance,
    InstanceKey,
    Run,
    Severity,
    State,
    Transition,
)
from monitor.notification import AlertView, Change, Notification, Reason
from monitor.quieting import Hushed, Why
from monitor.routing import Step
from monitor.store import alerts, groups, history, instances, outbox
from monitor.store.database import Store
from monitor.store.groups import Kept, Place
from monitor.store.outbox import Standing

START = datetime(2026, 1, 5, 10, 0, 0, 123456, tzinfo=UTC)
ORDERS = Instance("prod", "i-1", "订单同步", "cn-north-4", "p-1", {"env": "prod"})
GOOD = Run(START, START + timedelta(minutes=1), 3, Counts(4, 1, 0, 999_999_999_999), Counts(2, 0, 1, 7))


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


ALERT = Alert(
    key="a1",
    rule="abnormal",
    rule_version="v1",
    instance=ORDERS.key,
    labels={"alertname": "abnormal", "instance": "订单同步"},
    severity=Severity.CRITICAL,
    state=State.FIRING,
    since=START,
    state_since=minute(1),
    fired_at=minute(1),
    cause=Cause.HELD,
    values={"cdc.abnormal": 3.0},
    values_at=minute(1),
    annotations={"summary": "3 个任务异常"},
)


def step(key: str, before: State, after: State, at: datetime = START) -> Transition:
    return Transition(key, at, before, after, Cause.HELD, Severity.CRITICAL, "abnormal", "v1", {"abnormal": 1.0})


async def test_instances_keep_their_row_and_take_new_names(store: Store) -> None:
    async with store.write() as tx:
        await instances.remember(tx, [ORDERS], at=START)
        before = await instances.ids(tx)
        await instances.remember(tx, [replace(ORDERS, name="orders"), replace(ORDERS, id="i-2")], at=minute(5))
        assert (await instances.ids(tx))[ORDERS.key] == before[ORDERS.key]
        assert await instances.first_seen(tx) == {ORDERS.key: START, InstanceKey("prod", "i-2"): minute(5)}


async def test_runs_come_back_as_they_were(store: Store) -> None:
    failed = Run(minute(2), minute(3), 2, failure=Failure(FailureKind.TIMEOUT, "no answer in 10 s", "req-1"))
    async with store.write() as tx:
        await instances.remember(tx, [ORDERS], at=START)
        row = (await instances.ids(tx))[ORDERS.key]
        await history.begin(tx, [(row, GOOD), (row, failed)])
        longer = replace(failed, end=minute(9), polls=12)
        await history.extend(tx, [(row, longer)])
        assert await history.since(tx, START) == {ORDERS.key: [GOOD, longer]}
        assert await history.since(tx, minute(4)) == {ORDERS.key: [longer]}
        assert await history.latest(tx) == {ORDERS.key: longer}
        assert await history.latest(tx, good=True) == {ORDERS.key: GOOD}


async def test_old_runs_are_forgotten_but_never_the_last(store: Store) -> None:
    async with store.write() as tx:
        await instances.remember(tx, [ORDERS], at=START)
        row = (await instances.ids(tx))[ORDERS.key]
        second = replace(GOOD, start=minute(2), end=minute(3))
        await history.begin(tx, [(row, GOOD), (row, second)])
        await history.prune(tx, minute(60))
        assert await history.since(tx, START) == {ORDERS.key: [second]}


async def test_alerts_come_back_as_they_were(store: Store) -> None:
    resolved = replace(ALERT, key="a2", state=State.RESOLVED, resolved_at=minute(2))
    pending = replace(ALERT, key="a3", instance=None, state=State.PENDING, fired_at=None)
    async with store.write() as tx:
        await alerts.save(tx, [ALERT, resolved, pending])
        assert await alerts.live(tx) == [ALERT, pending]
        assert await alerts.resolved(tx, most=5) == [resolved]
        assert await alerts.by_key(tx, ["a1", "a2", "none"]) == {"a1": ALERT, "a2": resolved}
        changed = replace(ALERT, severity=Severity.WARNING)
        await alerts.save(tx, [changed], dropped=["a3"])
        assert await alerts.live(tx) == [changed]


async def test_only_what_people_may_hear_of_waits_for_its_groups(store: Store) -> None:
    quiet, loud = step("a1", State.NONE, State.PENDING), step("a1", State.PENDING, State.FIRING)
    async with store.write() as tx:
        await alerts.append(tx, [quiet, loud, step("a2", State.FIRING, State.RESOLVED)])
        waiting = await alerts.unrouted(tx, most=10)
        assert [transition.after for _, transition in waiting] == [State.FIRING, State.RESOLVED]
        assert waiting[0][1] == loud
        await alerts.routed(tx, [waiting[0][0]])
        assert [transition.alert for _, transition in await alerts.unrouted(tx, most=10)] == ["a2"]
        assert await alerts.tally(tx) == (1, 1)


async def test_transitions_that_wait_for_their_groups_are_never_forgotten(store: Store) -> None:
    async with store.write() as tx:
        await alerts.append(tx, [step("a1", State.NONE, State.PENDING), step("a1", State.PENDING, State.FIRING)])
        await alerts.prune(tx, minute(60))
        assert len(await alerts.unrouted(tx, most=10)) == 1
        assert await alerts.tally(tx) == (1, 0)


GROUP = Group(
    key='{}:{alertname="abnormal"}',
    receiver="ops",
    labels={"alertname": "abnormal"},
    wait=timedelta(seconds=10),
    interval=timedelta(minutes=1),
    repeat=timedelta(hours=4),
    changed_at=START,
    look_at=minute(1),
    said={"a1": Said(Severity.WARNING, {"abnormal": 1.0}), "a4": Said(Severity.INFO, {}, flapping=True)},
    mute=("nights",),
    active=("办公时间", "weekends"),
    repeat_limit=3,
    step=Step("manager", timedelta(minutes=15), unless_acknowledged=True),
    repeats=2,
    held={"a3": Hushed(Why.SILENCED, "s-1")},
)


async def test_groups_come_back_as_they_were_and_are_due_in_their_time(store: Store) -> None:
    async with store.write() as tx:
        assert await groups.add(tx, [], verdict="waiting") == []
        mine, other = await groups.add(tx, [GROUP, replace(GROUP, receiver="data", look_at=None)], verdict="waiting")
        assert mine.row != other.row
        assert (mine.group, other.group) == (GROUP, replace(GROUP, receiver="data", look_at=None))
        assert await groups.find(tx, {GROUP.key}) == {Place(GROUP.key, "ops"): mine, Place(GROUP.key, "data"): other}
        assert await groups.next_look(tx) == minute(1)
        assert await groups.due(tx, minute(0.9), most=9) == []
        assert await groups.due(tx, minute(1), most=9) == [Kept(mine.row, GROUP, "waiting")]


async def test_groups_are_written_together_each_as_it_is(store: Store) -> None:
    async with store.write() as tx:
        known = await groups.add(tx, [replace(GROUP, key=key) for key in ("k1", "k2", "k3")], verdict="waiting")
        k1, _, k3 = (replace(one, group=replace(one.group, version=7, said={}), verdict="first") for one in known)
        await groups.save(tx, [k3, replace(k1, verdict="repeat")])
        await groups.save(tx, [])
        found = await groups.find(tx, {"k1", "k2", "k3"})
        assert found == {
            Place("k1", "ops"): replace(k1, verdict="repeat"),
            Place("k2", "ops"): known[1],
            Place("k3", "ops"): k3,
        }


async def test_members_join_once_and_leave_when_they_are_over(store: Store) -> None:
    async with store.write() as tx:
        await alerts.save(tx, [ALERT, replace(ALERT, key="a2", state=State.RESOLVED)])
        kept, other = await groups.add(tx, [GROUP, replace(GROUP, key="other")], verdict="waiting")
        await groups.join(tx, {kept.row: ["a1", "a2"], other.row: ["a2", "a3"]})
        await groups.join(tx, {kept.row: ["a1"]})
        assert await _members(tx, kept) == {"a1", "a2"}
        assert await groups.told(tx, ["a1", "a9"]) == {"a1": [GROUP]}
        assert await groups.told(tx, ["a2"]) == {"a2": [GROUP, other.group]}
        await groups.settle(tx, [(kept, Decision(Quiet.WAITING, GROUP))])
        assert await _members(tx, kept) == {"a1", "a2"}
        await groups.settle(tx, [(kept, Decision(Reason.FIRST, GROUP))])
        assert await _members(tx, kept) == {"a1"}
        assert await _members(tx, other) == {"a2"}, "of another group nobody leaves"
        await groups.settle(tx, [(kept, Decision(Quiet.EMPTY, None)), (other, Decision(Quiet.EMPTY, other.group))])
        assert await groups.find(tx, {GROUP.key}) == {}
        assert await groups.told(tx, ["a1", "a2"]) == {}, "what is over is watched by nobody"


async def test_what_people_believe_to_fire_is_watched_when_it_is_over_or_even_forgotten(store: Store) -> None:
    believing = replace(GROUP, said={"a1": Said(Severity.WARNING), "a9": Said(Severity.WARNING)})
    async with store.write() as tx:
        await alerts.save(tx, [replace(ALERT, state=State.RESOLVED), replace(ALERT, key="a2", state=State.RESOLVED)])
        [kept] = await groups.add(tx, [believing], verdict="waiting")
        await groups.join(tx, {kept.row: ["a1", "a2", "a9"]})
        await groups.settle(tx, [(kept, Decision(Quiet.SILENCED, believing))])
        assert await groups.told(tx, ["a1", "a2", "a9"]) == {"a1": [believing], "a9": [believing]}


async def _members(tx: AsyncConnection, kept: Kept) -> set[str]:
    return {member.key for member in (await groups.members(tx, [kept.row]))[kept.row]}


async def test_all_groups_are_found_with_their_members_until_they_are_dropped(store: Store) -> None:
    async with store.write() as tx:
        await alerts.save(tx, [ALERT])
        kept, other = await groups.add(tx, [GROUP, replace(GROUP, key="other")], verdict="waiting")
        await groups.join(tx, {kept.row: ["a1", "a9"]})
        found = await groups.everything(tx)
        assert [(one.row, [each.key for each in members]) for one, members in found] == [
            (kept.row, ["a1"]),
            (other.row, []),
        ]
        await groups.drop(tx, [kept.row])
        await groups.drop(tx, [])
        assert [kept.group.key for kept, _ in await groups.everything(tx)] == ["other"]
        assert await groups.told(tx, ["a1"]) == {}


NOTIFICATION = Notification(
    id="m-1",
    receiver="ops",
    group_key=GROUP.key,
    group_labels=GROUP.labels,
    reason=Reason.FIRST,
    at=START,
    alerts=(
        AlertView(
            key="a1",
            labels=ALERT.all_labels,
            annotations=ALERT.annotations,
            severity=Severity.CRITICAL,
            firing=True,
            change=Change.NEW,
            started_at=minute(1),
            cause=Cause.HELD,
            values={"abnormal": 3.0},
            values_at=minute(1),
            values_before={},
        ),
    ),
)


async def test_letters_come_back_as_they_were(store: Store) -> None:
    letter = outbox.letter(NOTIFICATION, kind="webhook", position=0, at=START)
    async with store.write() as tx:
        await outbox.add(tx, [letter])
        assert await outbox.waiting(tx) == [letter]
        tried = replace(letter, attempts=1, tried_at=minute(1), next_at=minute(2), verdict="unreachable", reason="no")
        await outbox.settle(tx, tried)
        assert await outbox.waiting(tx) == [tried]
        sent = replace(tried, state=Standing.SENT, settled_at=minute(2))
        await outbox.settle(tx, sent)
        assert await outbox.waiting(tx) == []
        assert await outbox.recent(tx, most=5) == [sent]
        assert await outbox.tally(tx) == {("ops", Standing.SENT): 1}


@pytest.mark.parametrize("ahead", [Standing.SENT, Standing.DEAD])
async def test_a_later_letter_of_a_group_waits_for_the_earlier(store: Store, ahead: Standing) -> None:
    def letter(message: str, receiver: str = "ops", group: str = "g") -> outbox.Letter:
        said = replace(NOTIFICATION, id=message, receiver=receiver, group_key=group)
        return outbox.letter(said, kind="webhook", position=0, at=START)

    first, second = letter("m-1"), letter("m-2")
    async with store.write() as tx:
        await outbox.add(tx, [first, second, letter("m-3", group="other"), letter("m-4", receiver="data")])
        assert [one.id for one in await outbox.waiting(tx)] == ["m-1", "m-3", "m-4"]
        await outbox.settle(tx, replace(first, state=ahead, settled_at=START))
        assert [one.id for one in await outbox.waiting(tx)] == ["m-2", "m-3", "m-4"]


async def test_settled_letters_are_forgotten_in_time_and_waiting_ones_never(store: Store) -> None:
    waiting = outbox.letter(NOTIFICATION, kind="webhook", position=0, at=START)
    sent = replace(waiting, id="m-0", state=Standing.SENT, settled_at=START)
    async with store.write() as tx:
        await outbox.add(tx, [waiting, sent])
        await outbox.prune(tx, minute(60))
        assert await outbox.recent(tx, most=5) == [waiting]
