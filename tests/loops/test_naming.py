"""Names of broken tasks, found in the background: in virtual time, over a cloud that may be slow or broken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from monitor.errors import DoorError, StoreFailed, Unreachable
from monitor.fdi.tasks import BrokenTasks
from monitor.model import Alert, Instance, Severity, State
from monitor.naming import AT_ONCE, MOST, PATIENCE, Namer, kinds_named, told
from monitor.rules.rule import Rule

pytestmark = pytest.mark.looptime

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
ORDERS = Instance("prod", "i-1", "orders")
ANY = Rule("any", when="abnormal > 0")
CDC = Rule("cdc", when="cdc.abnormal > 0")
DOWN = Rule("down", when="up == 0")
FOUND = BrokenTasks(common=("sync-orders", "订单同步"), cdc=("binlog",))


def alert(rule: Rule = ANY, instance: Instance = ORDERS, abnormal: float = 3) -> Alert:
    return Alert(
        key=f"{rule.name}/{instance.id}",
        rule=rule.name,
        rule_version="1",
        instance=instance.key,
        labels={"alertname": rule.name, "instance": instance.name},
        severity=Severity.WARNING,
        state=State.FIRING,
        since=START,
        state_since=START,
        fired_at=START,
        values={"common.abnormal": abnormal, "cdc.abnormal": 1, "running": 7},
    )


class FakeCloud:
    """Answers after `takes` seconds, or raises."""

    def __init__(self, *, takes: float = 0.1, answer: BrokenTasks | Exception = FOUND) -> None:
        self.takes = takes
        self.answer = answer
        self.asked: list[str] = []
        self.under_way: list[str] = []
        self.most = 0

    async def broken_tasks(self, instance: Instance, /) -> BrokenTasks:
        self.asked.append(instance.id)
        assert instance.id not in self.under_way, "one at a time for each instance"
        self.under_way.append(instance.id)
        self.most = max(self.most, len(self.under_way))
        try:
            await asyncio.sleep(self.takes)
        finally:
            self.under_way.remove(instance.id)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Town:
    """A namer over fake clouds, and what it notes."""

    def __init__(self, **clouds: FakeCloud) -> None:
        self.clouds = clouds
        self.noted: list[tuple[float, str, str]] = []
        self.fault: Exception | None = None
        self.namer = Namer(clouds, (ANY, CDC, DOWN), note=self.note)

    async def note(self, alert: Alert, names: str) -> None:
        if self.fault is not None:
            raise self.fault
        self.noted.append((round(asyncio.get_running_loop().time(), 2), alert.key, names))

    def hear(self, *alerts: Alert, instance: Instance = ORDERS) -> None:
        for one in alerts:
            self.namer.hear(instance, one)


@asynccontextmanager
async def town(**clouds: FakeCloud) -> AsyncIterator[Town]:
    made = Town(**(clouds or {"prod": FakeCloud()}))
    task = asyncio.create_task(made.namer.run())
    try:
        yield made
        assert not task.done(), "it must go on whatever happens"
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_an_alert_that_begins_to_fire_gets_the_names_of_all_its_kinds() -> None:
    async with town() as here:
        here.hear(alert())
        await asyncio.sleep(1)
        assert here.noted == [(0.1, "any/i-1", "sync-orders, 订单同步, binlog")]


async def test_a_rule_about_cdc_tasks_gets_only_those_and_shares_the_request_of_another_rule() -> None:
    async with town() as here:
        here.hear(alert(), alert(CDC))
        await asyncio.sleep(1)
        assert {(key, names) for _, key, names in here.noted} == {
            ("any/i-1", "sync-orders, 订单同步, binlog"),
            ("cdc/i-1", "binlog"),
        }
        assert here.clouds["prod"].asked == ["i-1"]


async def test_a_rule_that_does_not_look_at_abnormal_tasks_asks_for_nothing() -> None:
    async with town() as here:
        here.hear(alert(DOWN))
        here.hear(replace(alert(), rule="account-unreachable"))
        await asyncio.sleep(1)
        assert here.clouds["prod"].asked == []


async def test_names_are_asked_for_again_only_when_the_counts_of_these_tasks_moved_or_it_fires_anew() -> None:
    async with town() as here:
        for heard in (
            alert(),
            alert(),
            replace(alert(), values={**alert().values, "running": 99}),
            alert(abnormal=4),
            replace(alert(abnormal=4), fired_at=START.replace(hour=11)),
        ):
            here.hear(heard)
            await asyncio.sleep(1)
        assert [at for at, _, _ in here.noted] == [0.1, 3.1, 4.1]


async def test_what_begins_while_an_answer_is_on_its_way_gets_one_of_its_own_afterwards() -> None:
    async with town(prod=FakeCloud(takes=2)) as here:
        here.hear(alert())
        await asyncio.sleep(1)
        here.hear(alert(CDC), alert(abnormal=9))
        await asyncio.sleep(9)
        assert [(at, key) for at, key, _ in here.noted] == [(2, "any/i-1"), (4, "cdc/i-1"), (4, "any/i-1")]


async def test_hearing_returns_at_once_and_a_slow_cloud_is_given_up_after_five_seconds() -> None:
    with capture_logs() as logs:
        async with town(prod=FakeCloud(takes=60)) as here:
            here.hear(alert())
            assert asyncio.get_running_loop().time() == 0
            await asyncio.sleep(PATIENCE + 0.1)
            assert here.clouds["prod"].under_way == []
            assert here.noted == []
    assert [(line["log_level"], line["reason"]) for line in logs] == [("debug", "not within 5 s")]


@pytest.mark.parametrize("error", [Unreachable("503"), StoreFailed("disk full")])
async def test_what_fails_is_told_at_debug_only_and_asked_again_with_the_next_change(error: Exception) -> None:
    with capture_logs() as logs:
        async with town() as here:
            if isinstance(error, DoorError):
                here.clouds["prod"].answer = error
            else:
                here.fault = error
            here.hear(alert())
            await asyncio.sleep(1)
            assert here.noted == []
            here.clouds["prod"].answer, here.fault = FOUND, None
            here.hear(alert())
            await asyncio.sleep(1)
            assert len(here.noted) == 1
    assert [(line["log_level"], line["reason"]) for line in logs] == [("debug", str(error))]


async def test_a_bug_is_told_and_ends_nothing() -> None:
    with capture_logs() as logs:
        async with town(prod=FakeCloud(answer=ZeroDivisionError())) as here:
            for number in range(2 * AT_ONCE):
                other = replace(ORDERS, id=f"n-{number}")
                here.hear(alert(instance=other), instance=other)
            await asyncio.sleep(1)
            assert len(here.clouds["prod"].asked) == 2 * AT_ONCE
    assert {line["log_level"] for line in logs} == {"error"}


async def test_a_storm_asks_for_few_at_once_and_forgets_what_comes_too_late() -> None:
    async with town(prod=FakeCloud(takes=1)) as here:
        many = [replace(ORDERS, id=f"n-{number}") for number in range(1000)]
        for one in many:
            here.hear(alert(instance=one), instance=one)
        await asyncio.sleep(60)
        cloud = here.clouds["prod"]
        assert cloud.most == AT_ONCE
        assert cloud.asked == [one.id for one in many[: int(PATIENCE) * AT_ONCE]]
        here.hear(alert())
        await asyncio.sleep(2)
        assert here.noted[-1][1] == "any/i-1"


async def test_a_slow_account_keeps_no_other_from_its_names() -> None:
    async with town(slow=FakeCloud(takes=60), prod=FakeCloud()) as here:
        for number in range(10):
            other = Instance("slow", f"s-{number}", "slow")
            here.hear(alert(instance=other), instance=other)
        here.hear(alert())
        await asyncio.sleep(1)
        assert here.noted == [(0.1, "any/i-1", "sync-orders, 订单同步, binlog")]


@pytest.mark.parametrize(
    ("rule", "kinds"),
    [
        (ANY, {"common", "cdc"}),
        (CDC, {"cdc"}),
        (DOWN, set()),
        (Rule("r", when="common.abnormal > 1 and running > 3"), {"common"}),
        (Rule("r", when="common.abnormal > 1 or cdc.abnormal > 1"), {"common", "cdc"}),
        (Rule("r", when="increase(cdc.abnormal, 5m) > 1"), {"cdc"}),
        (Rule("r", when="terminated > 1", clear="abnormal == 0"), set()),
        (Rule("r", levels=((Severity.WARNING, "cdc.abnormal > 0"), (Severity.CRITICAL, "up == 0"))), {"cdc"}),
    ],
)
def test_a_rule_wants_the_kinds_whose_abnormal_tasks_breach_it(rule: Rule, kinds: Iterable[str]) -> None:
    assert kinds_named(rule) == kinds


@pytest.mark.parametrize(
    ("broken", "kinds", "text"),
    [
        (FOUND, {"common"}, "sync-orders, 订单同步"),
        (BrokenTasks(), {"common", "cdc"}, ""),
        (BrokenTasks(cdc=("a",)), {"common"}, ""),
        (BrokenTasks(cdc=tuple("abcdefghij")), {"cdc"}, "a, b, c, d, e, f, g, h, i, j"),
        (BrokenTasks(cdc=tuple("abcdefghijklm")), {"cdc"}, "a, b, c, d, e, f, g, h, i, j, +3 more"),
        (BrokenTasks(common=("a",), unseen=4), {"common", "cdc"}, "a, +4 more"),
        (BrokenTasks(common=("a",), unseen=4), {"common"}, "a"),
    ],
)
def test_the_text_names_ten_and_counts_the_rest(broken: BrokenTasks, kinds: set[str], text: str) -> None:
    assert told(broken, kinds) == text
    assert MOST == 10


async def test_accounts_and_rules_that_come_later_are_named_too_and_those_that_are_gone_are_not() -> None:
    async with town() as here:
        await asyncio.sleep(1)
        here.clouds["new"] = FakeCloud()
        here.namer.adopt((CDC,))
        elsewhere = replace(ORDERS, account="new")
        here.hear(alert(), alert(CDC))
        here.hear(alert(CDC, elsewhere), instance=elsewhere)
        await asyncio.sleep(1)
        assert sorted(key for _, key, _ in here.noted) == ["cdc/i-1"]
        assert here.clouds["new"].asked == []
        del here.clouds["prod"]
        here.hear(alert(CDC, abnormal=4))
        await asyncio.sleep(10)
        assert len(here.noted) == 1
