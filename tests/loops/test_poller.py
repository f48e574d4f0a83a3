"""When instances are polled and how much at once, in virtual time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from monitor import clock
from monitor.clock import Clock
from monitor.errors import StoreFailed, Unreachable
from monitor.fdi.account import Account, Discover, Quota, Token
from monitor.meters import Meters, Pulse
from monitor.model import Counts, Failure, FailureKind, Instance, InstanceKey, Sample
from monitor.poller import Poller

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


def instances(number: int) -> tuple[Instance, ...]:
    return tuple(Instance("prod", f"i-{count}", f"n-{count}") for count in range(number))


ACCOUNT = Account(
    name="prod",
    endpoint="https://roma.example.com",
    iam_endpoint="https://iam.example.com",
    auth=Token(SecretStr("t")),
    project_id="p-1",
    poll_every=timedelta(seconds=10),
    concurrency=4,
    instances=instances(3),
)


class FakeCloud:
    """Answers after `takes` seconds; `ill` instances fail."""

    def __init__(self, now: Clock, takes: float = 0.1) -> None:
        self.now = now
        self.takes = takes
        self.polled: list[tuple[float, str]] = []
        self.under_way = self.most = 0
        self.ill: set[str] = set()
        self.share, self.throttled, self.requests = 1.0, 0, 0
        self.listed: list[tuple[Instance, ...] | Unreachable] = []

    async def sample(self, instance: Instance) -> Sample:
        self.polled.append(((self.now() - START).total_seconds(), instance.id))
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(self.takes)
        self.under_way -= 1
        took = timedelta(seconds=self.takes)
        if instance.id in self.ill:
            failure = Failure(FailureKind.UNREACHABLE, "503", "req-1")
            return Sample(instance, self.now(), took, failure=failure)
        return Sample(instance, self.now(), took, Counts(), Counts())

    async def instances(self) -> list[Instance]:
        listed = self.listed.pop(0) if len(self.listed) > 1 else self.listed[0]
        if isinstance(listed, Unreachable):
            raise listed
        return list(listed)


class Town:
    """A poller over a fake cloud, and what an engine would hear."""

    def __init__(self, account: Account, takes: float = 0.1, before: Collection[InstanceKey] = ()) -> None:
        self.before = before
        self.overdue: Collection[InstanceKey] = ()
        now = clock.virtual(START, asyncio.get_running_loop())
        self.cloud = FakeCloud(now, takes)
        self.met: list[str] = []
        self.left: set[str] = set()
        self.in_trouble: set[InstanceKey] = set()
        self.taken: list[Sample] = []
        self.answer: Exception | None = None
        self.meters = Meters()
        self.cycles = Pulse()
        self.poller = Poller(
            account,
            self.cloud,  # type: ignore[arg-type]
            engine=self,
            now=now,
            meters=self.meters,
            pulse=Pulse(),
            cycles=self.cycles,
        )

    async def meet(self, found: Iterable[Instance]) -> None:
        self.met += [one.id for one in found]

    async def leave(self, keys: Collection[InstanceKey]) -> None:
        self.left |= {key.id for key in keys}

    def missed(self, keys: Iterable[InstanceKey], every: float) -> Collection[InstanceKey]:
        return self.overdue

    def hot(self, key: InstanceKey) -> bool:
        return key in self.in_trouble

    def troubled(self, account: str) -> Collection[InstanceKey]:
        return self.before

    async def take(self, sample: Sample) -> None:
        self.taken.append(sample)
        if self.answer is not None:
            raise self.answer

    def count(self, name: str, **labels: str) -> float:
        return self.meters.registry.get_sample_value(name, {"account": "prod", **labels}) or 0


@asynccontextmanager
async def town(
    account: Account = ACCOUNT,
    takes: float = 0.1,
    before: Collection[InstanceKey] = (),
    overdue: Collection[InstanceKey] = (),
) -> AsyncIterator[Town]:
    made = Town(account, takes, before)
    made.overdue = overdue
    task = asyncio.create_task(made.poller.run())
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest.mark.looptime
async def test_every_instance_is_polled_once_in_every_interval_at_its_own_moment() -> None:
    async with town() as here:
        await asyncio.sleep(30.2)
        moments: dict[str, list[float]] = {}
        for at, instance in here.cloud.polled:
            moments.setdefault(instance, []).append(at)
        assert {instance: len(seen) for instance, seen in moments.items()} == {"i-0": 3, "i-1": 3, "i-2": 3}
        for seen in moments.values():
            first, second = (later - earlier for earlier, later in pairwise(seen))
            assert 9.9 < first < 10.6
            assert round(second, 1) == 10.0
        assert len({round(seen[0], 1) for seen in moments.values()}) == 3
        assert here.met == ["i-0", "i-1", "i-2"]


@pytest.mark.looptime
async def test_a_poll_starts_within_a_tick_of_its_plan() -> None:
    async with town() as here:
        await asyncio.sleep(60)
        assert here.count("fdi_monitor_schedule_lag_seconds_bucket", le="0.1") == here.count(
            "fdi_monitor_schedule_lag_seconds_count"
        )


@pytest.mark.looptime
async def test_no_more_are_under_way_than_the_account_allows() -> None:
    async with town(replace(ACCOUNT, instances=instances(60)), takes=2) as here:
        await asyncio.sleep(30)
        assert here.cloud.most == 4


@pytest.mark.looptime
async def test_a_hanging_instance_skips_its_slots_and_the_others_keep_theirs() -> None:
    async with town(takes=25) as here:
        here.cloud.takes = 25
        await asyncio.sleep(60)
        by_instance = Counter(instance for _, instance in here.cloud.polled)
        assert set(by_instance.values()) <= {2, 3}
        assert here.count("fdi_monitor_slots_skipped_total") >= 6


@pytest.mark.looptime
async def test_samples_are_counted_by_what_came_of_them() -> None:
    async with town() as here:
        here.cloud.ill = {"i-1"}
        await asyncio.sleep(20.2)
        assert here.meters.polls_of("prod", "good") == 4
        assert here.meters.polls_of("prod", "failed") == 2
        assert len(here.taken) == 6


@pytest.mark.looptime
async def test_an_ill_instance_is_told_of_when_it_falls_and_when_it_is_back() -> None:
    with capture_logs() as logs:
        async with town() as here:
            here.cloud.ill = {"i-1"}
            await asyncio.sleep(40)
            here.cloud.ill = set()
            await asyncio.sleep(20)
    assert [(entry["event"], entry["instance"]) for entry in logs] == [
        ("instance cannot be polled", "n-1"),
        ("instance can be polled again", "n-1"),
    ]


@pytest.mark.looptime
@pytest.mark.parametrize("answer", [StoreFailed("disk full"), RuntimeError("a bug")])
async def test_whatever_becomes_of_a_sample_polling_goes_on(answer: Exception) -> None:
    async with town() as here:
        here.answer = answer
        await asyncio.sleep(20.2)
        assert len(here.taken) == 6


@pytest.mark.looptime
async def test_discovered_instances_join_and_named_ones_stay() -> None:
    account = replace(ACCOUNT, discover=Discover(timedelta(seconds=20)), instances=instances(1))
    async with town(account) as here:
        new = Instance("prod", "i-9", "n-9")
        here.cloud.listed = [(), (new,)]
        await asyncio.sleep(19)
        assert {instance for _, instance in here.cloud.polled} == {"i-0"}
        await asyncio.sleep(12)
        assert {instance for _, instance in here.cloud.polled} == {"i-0", "i-9"}
        assert here.count("fdi_monitor_instances") == 2


@pytest.mark.looptime
async def test_a_failed_discovery_removes_nobody_and_is_told_of_once() -> None:
    account = replace(ACCOUNT, discover=Discover(timedelta(minutes=10)), instances=())
    with capture_logs() as logs:
        async with town(account) as here:
            here.cloud.listed = [instances(2), Unreachable("502"), Unreachable("502"), instances(2)]
            await asyncio.sleep(700)
            assert here.count("fdi_monitor_instances") == 2
            polled_before = len(here.cloud.polled)
            await asyncio.sleep(20.2)
            assert len(here.cloud.polled) >= polled_before + 4
    assert [entry["event"] for entry in logs] == ["discovery failed", "discovery works again"]


@pytest.mark.looptime
async def test_who_is_missing_from_two_lists_leaves_also_one_from_before_the_restart() -> None:
    account = replace(ACCOUNT, discover=Discover(timedelta(seconds=20)), instances=())
    async with town(account, before={InstanceKey("prod", "i-before")}) as here:
        here.cloud.listed = [instances(2), instances(1), instances(1)]
        await asyncio.sleep(30)
        assert here.left == {"i-before"}
        await asyncio.sleep(20)
        assert here.left == {"i-before", "i-1"}
        here.cloud.polled.clear()
        await asyncio.sleep(20)
        assert {instance for _, instance in here.cloud.polled} == {"i-0"}


@pytest.mark.looptime
async def test_an_instance_that_keeps_failing_is_polled_more_rarely_until_it_answers() -> None:
    async with town() as here:
        here.cloud.ill = {"i-1"}
        await asyncio.sleep(600)
        polls = Counter(instance for _, instance in here.cloud.polled)
        assert polls["i-0"] == 60
        assert polls["i-1"] < 12
        assert here.count("fdi_monitor_instances_resting") == 1
        here.cloud.ill = set()
        await asyncio.sleep(300)
        here.cloud.polled.clear()
        await asyncio.sleep(100)
        assert Counter(instance for _, instance in here.cloud.polled)["i-1"] == 10


@pytest.mark.looptime
async def test_more_instances_than_the_quota_carries_are_polled_evenly_and_it_is_said_once() -> None:
    account = replace(ACCOUNT, instances=instances(195), quota=Quota(10, timedelta(seconds=1)))
    with capture_logs() as logs:
        async with town(account) as here:
            await asyncio.sleep(205)
            moments: dict[str, list[float]] = {}
            for at, instance in here.cloud.polled:
                moments.setdefault(instance, []).append(at)
            pauses = [later - earlier for seen in moments.values() for earlier, later in pairwise(seen)]
            assert len(moments) == 195
            assert [min(pauses), max(pauses)] == pytest.approx([20, 21], abs=0.2)
            assert here.count("fdi_monitor_poll_interval_seconds") == pytest.approx(20)
            assert here.count("fdi_monitor_poll_interval_wanted_seconds") == 10
            assert here.count("fdi_monitor_slots_skipped_total") == 0
    assert [(entry["event"], entry["every"]) for entry in logs] == [("polls are paced by the quota", 20.0)]


@pytest.mark.looptime
async def test_those_in_trouble_are_polled_first() -> None:
    many = instances(100)
    async with town(replace(ACCOUNT, instances=many, concurrency=1), takes=12) as here:
        here.in_trouble = {many[7].key}
        await asyncio.sleep(25)
        polled = [instance for _, instance in here.cloud.polled]
        assert polled.index("i-7") <= 1
        assert len(polled) == 3


@pytest.mark.looptime
async def test_what_the_cloud_throttled_is_seen_in_the_metrics() -> None:
    async with town() as here:
        here.cloud.share, here.cloud.throttled, here.cloud.requests = 0.5, 3, 40
        await asyncio.sleep(2)
        assert here.count("fdi_monitor_quota_share") == 0.5
        assert here.count("fdi_monitor_throttled_total") == 3
        assert here.count("fdi_monitor_requests_total") == 40
        assert here.count("fdi_monitor_quota_requests_per_second") == ACCOUNT.quota.rate


@pytest.mark.looptime
async def test_a_cycle_is_full_when_every_instance_has_had_its_poll_and_one_was_answered() -> None:
    account = replace(ACCOUNT, discover=Discover(timedelta(seconds=3)))
    async with town(account) as here:
        here.cloud.listed = [(Instance("prod", "i-9", "n-9"),)]
        here.cloud.ill = {"i-1"}
        await asyncio.sleep(1)
        assert list(here.cycles.late(here.cloud.now()))
        await asyncio.sleep(20)
        assert not list(here.cycles.late(here.cloud.now()))
        await asyncio.sleep(300)
        assert not list(here.cycles.late(here.cloud.now()))
        here.cloud.ill = {*(f"i-{number}" for number in range(10))}
        await asyncio.sleep(300)
        assert list(here.cycles.late(here.cloud.now())), "nobody answers any more"


@pytest.mark.looptime
async def test_a_poll_that_does_not_come_or_is_not_taken_leaves_its_cycle_open() -> None:
    async with town() as here:
        await asyncio.sleep(25)
        here.answer = StoreFailed("disk full")
        await asyncio.sleep(60)
        assert [name for name, _ in here.cycles.late(here.cloud.now())] == ["prod"]
        here.answer = None
        await asyncio.sleep(25)
        assert not list(here.cycles.late(here.cloud.now()))


@pytest.mark.looptime
async def test_who_missed_its_slot_while_another_process_stopped_is_polled_at_once_and_then_in_its_slots() -> None:
    async with town(overdue=[ACCOUNT.instances[1].key]) as here:
        await asyncio.sleep(0.15)
        assert [instance for _, instance in here.cloud.polled] == ["i-1"]
        await asyncio.sleep(10)
        assert Counter(instance for _, instance in here.cloud.polled) == {"i-0": 1, "i-1": 2, "i-2": 1}
