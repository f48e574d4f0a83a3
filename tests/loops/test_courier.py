"""What becomes of messages on their way, pass by pass."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import ClassVar

import pytest

from monitor.courier import Courier
from monitor.errors import StoreFailed
from monitor.grouping import Group
from monitor.message import Message
from monitor.meters import Meters, Pulse
from monitor.model import Severity
from monitor.notification import AlertView, Change, Notification, Reason
from monitor.notifiers import Options, OptionsType, Outcome, Verdict
from monitor.settling import settle
from monitor.standin import Carrier, Destination
from monitor.store import groups, living, outbox
from monitor.store.database import Store
from monitor.store.outbox import Letter, Standing

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
DELIVERED = Verdict(Outcome.DELIVERED)
DOWN = Verdict(Outcome.UNREACHABLE, "connection refused")
REFUSED = Verdict(Outcome.REFUSED, "19024: the keyword is missing")


def throttled(seconds: int) -> Verdict:
    return Verdict(Outcome.THROTTLED, "too fast", timedelta(seconds=seconds))


class Robot:
    """Answers with what it is told to, delivered once that is used up; keeps what it was sent."""

    Options: ClassVar[OptionsType] = Options

    def __init__(self, *verdicts: Verdict | Exception) -> None:
        self.verdicts = list(verdicts)
        self.sent: list[str] = []
        self.edited: list[str] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    def payload(self, message: Message) -> str:
        return message.title

    async def send(self, message: Message) -> Verdict:
        self.sent.append(message.notification.id)
        self.edited.append(message.edits)
        await self.may_answer.wait()
        answer = self.verdicts.pop(0) if self.verdicts else DELIVERED
        if isinstance(answer, Exception):
            raise answer
        return answer


class Town:
    """A courier between a store and robots, with a clock that stands still until it is set."""

    def __init__(self, store: Store, robots: Mapping[Destination, Robot]) -> None:
        self.store = store
        self.at = START
        self.robots = robots
        self.courier = Courier(
            store,
            {where: Carrier("robot", "en", robot) for where, robot in robots.items()},
            now=lambda: self.at,
            zone=UTC,
            public_url="",
            meters=Meters(),
            pulse=Pulse(),
            settled=lambda: None,
        )

    async def queue(self, *letters: Letter) -> None:
        async with self.store.write() as tx:
            await outbox.add(tx, letters)

    async def go(self, seconds: float) -> datetime | None:
        """One pass at this many seconds after the start, with everything it begins."""
        self.at = START + timedelta(seconds=seconds)
        async with asyncio.TaskGroup() as tasks:
            return await self.courier.step(self.at, tasks)

    async def letters(self) -> dict[str, Letter]:
        async with self.store.read() as tx:
            return {letter.id: letter for letter in await outbox.recent(tx, most=99)}


def letter(message: str, receiver: str = "ops", group: str = "g") -> Letter:
    alert = AlertView(
        key="a",
        labels={"alertname": "abnormal"},
        annotations={},
        severity=Severity.WARNING,
        firing=True,
        change=Change.NEW,
        started_at=START,
    )
    said = Notification(message, receiver, group, {"alertname": "abnormal"}, Reason.FIRST, START, (alert,))
    return outbox.letter(said, kind="robot", position=0, at=START)


async def test_a_message_goes_out_once(store: Store) -> None:
    robot = Robot()
    town = Town(store, {("ops", 0): robot})
    await town.queue(letter("m-1"))
    await town.go(0)
    await town.go(1)
    assert robot.sent == ["m-1"]
    assert (await town.letters())["m-1"].state is Standing.SENT


async def test_what_is_under_way_is_not_sent_again_by_the_next_pass(store: Store) -> None:
    robot = Robot()
    robot.may_answer.clear()
    town = Town(store, {("ops", 0): robot})
    await town.queue(letter("m-1"))
    async with asyncio.TaskGroup() as tasks:
        await town.courier.step(START, tasks)
        while not robot.sent:
            await asyncio.sleep(0)
        await town.courier.step(START, tasks)
        robot.may_answer.set()
    assert robot.sent == ["m-1"]


async def test_a_pass_that_read_the_outbox_before_a_message_was_settled_does_not_repeat_it(store: Store) -> None:
    robot = Robot()
    town = Town(store, {("ops", 0): robot})
    await town.queue(*(letter(f"m-{number}", group=f"g-{number}") for number in range(20)))
    async with asyncio.TaskGroup() as tasks:
        for _ in range(60):
            await town.courier.step(START, tasks)
    assert sorted(robot.sent) == sorted(f"m-{number}" for number in range(20))


async def test_the_same_message_is_tried_again_later_and_later(store: Store) -> None:
    robot = Robot(DOWN, DOWN)
    town = Town(store, {("ops", 0): robot})
    await town.queue(letter("m-1"))
    again = await town.go(0)
    waiting = (await town.letters())["m-1"]
    assert (waiting.state, waiting.attempts, waiting.reason) == (Standing.WAITING, 1, "connection refused")
    assert again is None
    assert waiting.next_at == START + timedelta(seconds=2)
    await town.go(1.9)
    assert robot.sent == ["m-1"]
    await town.go(2)
    await town.go(30)
    assert robot.sent == ["m-1"] * 3
    assert (await town.letters())["m-1"].state is Standing.SENT


async def test_a_refusal_is_final(store: Store) -> None:
    robot = Robot(REFUSED)
    town = Town(store, {("ops", 0): robot})
    await town.queue(letter("m-1"))
    await town.go(0)
    await town.go(86400)
    assert robot.sent == ["m-1"]
    dead = (await town.letters())["m-1"]
    assert (dead.state, dead.verdict, dead.reason) == (Standing.DEAD, "refused", "19024: the keyword is missing")


async def test_a_dead_destination_delays_nobody_else(store: Store) -> None:
    stuck, well = Robot(), Robot()
    stuck.may_answer.clear()
    town = Town(store, {("ops", 0): stuck, ("data", 0): well})
    await town.queue(letter("m-1"), letter("m-2", "data"), letter("m-3", "data"))
    async with asyncio.TaskGroup() as tasks:
        for _ in range(2):
            await town.courier.step(START, tasks)
            while len(well.sent) < 1 or town.courier._busy.keys() != {("ops", 0)}:
                await asyncio.sleep(0)
        assert well.sent == ["m-2", "m-3"]
        stuck.may_answer.set()


async def test_a_failure_rests_the_destination_and_the_others_go_first_afterwards(store: Store) -> None:
    robot = Robot(DOWN)
    town = Town(store, {("ops", 0): robot})
    await town.queue(letter("m-1", group="g-1"), letter("m-2", group="g-2"))
    await town.go(0)
    await town.go(1)
    assert robot.sent == ["m-1"]
    await town.go(2)
    assert robot.sent == ["m-1", "m-2", "m-1"]


async def test_one_message_that_keeps_failing_does_not_starve_the_rest(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.courier.random.random", lambda: 0.5)
    robot = Robot()
    town = Town(store, {("ops", 0): robot})
    bad = replace(letter("bad", group="g-1"), attempts=9, tried_at=START, next_at=START + timedelta(minutes=10))
    await town.queue(bad, letter("good", group="g-2"))
    robot.verdicts = [DELIVERED, DOWN]
    await town.go(600)
    assert robot.sent == ["good", "bad"]
    await town.queue(letter("next", group="g-3"))
    await town.go(630)
    assert robot.sent[2:] == ["next"]


async def test_a_throttle_is_waited_out_by_the_whole_destination(store: Store) -> None:
    robot = Robot(throttled(120))
    town = Town(store, {("ops", 0): robot})
    await town.queue(letter("m-1", group="g-1"), letter("m-2", group="g-2"))
    await town.go(0)
    assert await town.go(60) == START + timedelta(seconds=120)
    assert robot.sent == ["m-1"]
    await town.go(120)
    assert robot.sent == ["m-1", "m-2", "m-1"]


async def test_messages_of_one_group_keep_their_order(store: Store) -> None:
    robot = Robot()
    robot.may_answer.clear()
    town = Town(store, {("ops", 0): robot})
    await town.queue(letter("m-1"))
    async with asyncio.TaskGroup() as tasks:
        await town.courier.step(START, tasks)
        while not robot.sent:
            await asyncio.sleep(0)
        await town.queue(letter("m-2"))
        await town.courier.step(START, tasks)
        assert robot.sent == ["m-1"]
        robot.may_answer.set()
    for seconds in (0, 2, 3):
        await town.go(seconds)
    assert robot.sent == ["m-1", "m-2"]


def ended(message: str) -> Letter:
    """The end of what a letter tells."""
    over = letter(message)
    [alert] = over.notification.alerts
    gone = replace(alert, firing=False, change=Change.RESOLVED, resolved_at=START)
    return replace(over, notification=replace(over.notification, reason=Reason.ALL_RESOLVED, alerts=(gone,)))


async def test_what_waits_behind_another_group_goes_out_in_the_newer_message_of_its_own(store: Store) -> None:
    robot = Robot(throttled(60))
    town = Town(store, {("ops", 0): robot})
    await town.queue(letter("first", group="other"))
    await town.go(0)
    await town.queue(letter("m-1"), letter("m-2"), ended("m-3"))
    await town.go(60)
    assert robot.sent == ["first", "m-3", "first"]
    letters = await town.letters()
    assert [one.change for one in letters["m-3"].notification.alerts] == [Change.PASSED]
    assert {one.state for one in letters.values()} == {Standing.SENT}


async def test_an_end_that_waits_is_told_before_the_alert_fires_again(store: Store) -> None:
    robot = Robot(DELIVERED, DOWN)
    town = Town(store, {("ops", 0): robot})
    await town.queue(letter("m-1"))
    await town.go(0)
    await town.queue(ended("m-2"))
    await town.go(10)
    await town.queue(letter("m-3"))
    for seconds in (20, 21, 22):
        await town.go(seconds)
    assert robot.sent == ["m-1", "m-2", "m-2", "m-3"]


async def test_what_may_have_been_sent_by_the_last_process_is_repeated_as_it_was(store: Store) -> None:
    lost = Robot()
    lost.may_answer.clear()
    town = Town(store, {("ops", 0): lost})
    await town.queue(letter("m-1"))
    killed = asyncio.create_task(town.courier.run())
    while not lost.sent:
        await asyncio.sleep(0.01)
    for task in [*town.courier._busy.values(), killed]:
        task.cancel()
    await asyncio.wait([killed])
    robot = Robot()
    await town.queue(letter("m-2"), letter("m-3"))
    restarted = Town(store, {("ops", 0): robot})
    for seconds in (1, 2):
        await restarted.go(seconds)
    assert (lost.sent, robot.sent) == (["m-1"], ["m-1", "m-3"])


async def test_what_arrived_while_the_store_took_no_writes_is_neither_repeated_nor_taken_in(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    robot = Robot()
    town = Town(store, {("ops", 0): robot})
    with monkeypatch.context() as full:
        full.setattr("monitor.store.outbox.settle", _no_room)
        await town.queue(letter("m-1"))
        await town.go(0)
    await town.queue(letter("m-2"))
    for seconds in (60, 61):
        await town.go(seconds)
    assert robot.sent == ["m-1", "m-2"]
    assert {one.state for one in (await town.letters()).values()} == {Standing.SENT}


async def _no_room(*_: object) -> None:
    raise StoreFailed("the disk is full")


async def test_what_failed_goes_out_inside_the_newer_message_of_its_group_and_shares_its_fate(store: Store) -> None:
    robot = Robot(DOWN)
    town = Town(store, {("ops", 0): robot})
    await town.queue(letter("m-1"))
    await town.go(0)
    await town.queue(ended("m-2"))
    assert (await town.letters())["m-1"].state is Standing.WAITING
    await town.go(2)
    await town.go(30)
    assert robot.sent == ["m-1", "m-2"]
    letters = await town.letters()
    assert [one.change for one in letters["m-2"].notification.alerts] == [Change.PASSED]
    assert {(one.state, one.verdict) for one in letters.values()} == {(Standing.SENT, "delivered")}


def chat(message: str, severity: Severity = Severity.WARNING) -> Letter:
    """A message to a chat that takes twenty a minute, of a group of its own."""
    one = letter(message, group=message)
    [alert] = one.notification.alerts
    said = replace(one.notification, alerts=(replace(alert, key=message, severity=severity),))
    return replace(one, kind="dingtalk", notification=said)


def chatting(store: Store, robot: Robot) -> Town:
    town = Town(store, {("ops", 0): robot})
    town.courier.adopt({("ops", 0): Carrier("dingtalk", "en", robot)})
    return town


async def test_what_a_chat_does_not_take_becomes_one_digest_also_after_a_restart_and_nothing_is_lost(
    store: Store,
) -> None:
    robot = Robot()
    town = chatting(store, robot)
    await town.queue(*(chat(f"a-{number}") for number in range(150)))
    await town.go(0)
    assert len(robot.sent) == 16, "a share is kept for criticals"
    assert robot.sent[-1] == "a-15.digest"
    letters = await town.letters()
    assert {one.state for one in letters.values()} == {Standing.SENT}
    assert len(letters["a-15.digest"].notification.alerts) == 135

    town = chatting(store, robot)
    await town.queue(chat("b-1"), chat("b-2"))
    await town.go(30)
    assert await town.go(31) == START + timedelta(seconds=60)
    await town.queue(chat("worst", Severity.CRITICAL))
    await town.go(32)
    assert robot.sent[16:] == ["worst"], "a critical one uses what is kept"
    await town.go(60)
    assert robot.sent[16:] == ["worst", "b-1", "b-2"]


async def test_a_digest_that_fails_holds_back_what_is_newer_in_its_groups(store: Store) -> None:
    robot = Robot()
    town = chatting(store, robot)
    await town.queue(*(chat(f"a-{number}") for number in range(20)))
    robot.verdicts = [*[DELIVERED] * 15, throttled(120)]
    await town.go(0)
    newer = chat("newer")
    await town.queue(replace(newer, notification=replace(newer.notification, group_key="a-19")))
    await town.go(60)
    assert robot.sent[15:] == ["a-15.digest"]
    for seconds in (120, 121, 700, 701):
        await town.go(seconds)
    assert robot.sent[15:] == ["a-15.digest", "a-15.digest", "newer"]


async def test_a_bug_in_a_notifier_is_a_failed_try(store: Store) -> None:
    robot = Robot(RuntimeError("bug"))
    town = Town(store, {("ops", 0): robot})
    await town.queue(letter("m-1"))
    await town.go(0)
    assert (await town.letters())["m-1"].reason == "the notifier itself failed; see the log"
    await town.go(2)
    assert (await town.letters())["m-1"].state is Standing.SENT


async def test_a_receiver_that_left_the_policy_ends_its_messages(store: Store) -> None:
    town = Town(store, {})
    await town.queue(letter("m-1"))
    await town.go(0)
    dead = (await town.letters())["m-1"]
    assert (dead.state, dead.reason) == (Standing.DEAD, "the policy has no robot under ops any more")


async def test_a_stop_lets_what_is_under_way_arrive(store: Store) -> None:
    robot = Robot()
    robot.may_answer.clear()
    town = Town(store, {("ops", 0): robot})
    await town.queue(letter("m-1"))
    running = asyncio.create_task(town.courier.run())
    while not robot.sent:
        await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.sleep(0.01)
    robot.may_answer.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (await town.letters())["m-1"].state is Standing.SENT


@pytest.mark.parametrize(
    ("verdict", "hours", "state"),
    [
        (DELIVERED, 30, Standing.SENT),
        (DOWN, 23, Standing.WAITING),
        (DOWN, 24, Standing.DEAD),
        (throttled(5), 24, Standing.DEAD),
        (REFUSED, 0, Standing.DEAD),
    ],
)
def test_after_a_day_without_success_it_is_given_up(verdict: Verdict, hours: int, state: Standing) -> None:
    assert settle(letter("m-1"), verdict, at=START + timedelta(hours=hours), draw=0.5).state is state


def test_a_throttle_without_a_hint_waits_a_minute() -> None:
    after = settle(letter("m-1"), Verdict(Outcome.THROTTLED, "too fast"), at=START, draw=0.5)
    assert after.next_at == START + timedelta(seconds=60)


async def test_what_waits_for_a_receiver_that_is_gone_is_given_up_at_once_and_the_rest_goes_the_new_way(
    store: Store,
) -> None:
    old, new = Robot(throttled(600)), Robot()
    town = Town(store, {("ops", 0): old, ("data", 0): Robot(throttled(600))})
    await town.queue(letter("m-1"), letter("m-2", receiver="data"))
    await town.go(0)
    town.courier.adopt({("ops", 0): Carrier("other", "en", Robot()), ("ops", 1): Carrier("robot", "en", new)})
    await town.go(1)
    letters = await town.letters()
    assert (letters["m-2"].state, letters["m-2"].reason) == (
        Standing.DEAD,
        "the policy has no robot under data any more",
    )
    assert letters["m-1"].state is Standing.WAITING
    await town.go(600)
    assert (old.sent, new.sent) == (["m-1"], ["m-1"]), "its kind stands in another place now"


def named(ref: str) -> Verdict:
    return Verdict(Outcome.DELIVERED, ref=ref)


async def test_a_message_that_can_be_changed_is_named_to_the_next_one_of_its_group_also_after_a_restart(
    store: Store,
) -> None:
    robot = Robot(named("C1 1.2"), named("C1 9.9"))
    town = Town(store, {("ops", 0): robot})
    await town.queue(letter("m-1"), letter("m-2", group="other"))
    await town.go(0)
    restarted = Town(store, {("ops", 0): robot})
    robot.verdicts = [DOWN, named("C1 1.2"), DELIVERED]
    await restarted.queue(letter("m-3"))
    for seconds in (10, 60):
        await restarted.go(seconds)
    await restarted.queue(letter("m-4"))
    await restarted.go(120)
    await restarted.queue(letter("m-5"))
    await restarted.go(180)
    assert robot.sent == ["m-1", "m-2", "m-3", "m-3", "m-4", "m-5"]
    assert robot.edited == ["", "", "C1 1.2", "C1 1.2", "C1 1.2", ""], "what m-4 left behind cannot be changed"


async def test_the_name_of_a_message_is_not_given_to_a_notifier_of_another_kind(store: Store) -> None:
    robot = Robot(named("C1 1.2"))
    town = Town(store, {("ops", 0): robot})
    await town.queue(replace(letter("m-1"), kind="robot"))
    await town.go(0)
    town.courier.carriage.carriers = {("ops", 0): Carrier("pigeon", "en", robot)}
    await town.queue(replace(letter("m-2"), kind="pigeon"))
    await town.go(60)
    assert robot.edited == ["", ""]


async def grouped(store: Store, *keys: str) -> None:
    """The groups of messages exist as rows, as they do while their alerts fire."""
    hour = timedelta(hours=1)
    async with store.write() as tx:
        await groups.add(tx, [Group(key, "ops", {}, hour, hour, hour) for key in keys], verdict="waiting")


AGAIN = Verdict(Outcome.DELIVERED, again=timedelta(minutes=1))


async def test_a_receiver_that_forgets_is_told_again_until_there_is_something_new(store: Store) -> None:
    robot = Robot(AGAIN, AGAIN, AGAIN, DELIVERED)
    town = Town(store, {("ops", 0): robot})
    await grouped(store, "g")
    await town.queue(letter("m-1"))
    await town.go(0)
    assert await town.go(30) == START + timedelta(minutes=1)
    await town.go(60)
    restarted = Town(store, {("ops", 0): robot})
    await restarted.go(121)
    assert robot.sent == ["m-1"] * 3
    assert (await restarted.letters())["m-1"].attempts == 1
    await restarted.queue(letter("m-2"))
    await restarted.go(182)
    assert await restarted.go(600) is None
    assert robot.sent == ["m-1"] * 3 + ["m-2"], "the old news does not overtake the new"


async def test_a_repetition_that_fails_is_made_soon_and_one_that_is_refused_ends(store: Store) -> None:
    robot = Robot(AGAIN, DOWN, AGAIN, REFUSED)
    town = Town(store, {("ops", 0): robot})
    await grouped(store, "g")
    await town.queue(letter("m-1"))
    await town.go(0)
    await town.go(60)
    assert await town.go(61) == START + timedelta(seconds=75)
    await town.go(75)
    await town.go(135)
    assert await town.go(999) is None
    assert robot.sent == ["m-1"] * 4
    assert (await town.letters())["m-1"].state is Standing.SENT


async def test_old_news_is_not_said_again_while_newer_waits(store: Store) -> None:
    robot = Robot(AGAIN, throttled(300))
    town = Town(store, {("ops", 0): robot})
    await grouped(store, "g")
    await town.queue(letter("m-1"))
    await town.go(0)
    await town.queue(letter("m-2"))
    await town.go(30)
    await town.go(90)
    assert robot.sent == ["m-1", "m-2"]
    await town.go(331)
    assert robot.sent == ["m-1", "m-2", "m-2"]


async def test_what_was_said_of_a_group_that_is_gone_is_forgotten(store: Store) -> None:
    robot = Robot(AGAIN, AGAIN)
    town = Town(store, {("ops", 0): robot})
    await grouped(store, "g-1")
    await town.queue(letter("m-1", group="g-1"), letter("m-2", group="g-2"))
    await town.go(0)
    async with store.write() as tx:
        await living.forget_orphans(tx)
    await town.go(60)
    assert robot.sent == ["m-1", "m-2", "m-1"]


def test_what_was_retried_by_hand_is_tried_for_another_day() -> None:
    old = replace(letter("m-1"), retried_at=START + timedelta(hours=30))
    assert settle(old, DOWN, at=START + timedelta(hours=53), draw=0.5).state is Standing.WAITING
    assert settle(old, DOWN, at=START + timedelta(hours=54), draw=0.5).state is Standing.DEAD


def with_fallback(*names: str, robots: Mapping[Destination, Robot]) -> dict[Destination, Carrier]:
    """The carriers of these robots; each receiver's fallback is the next of `names`."""
    following = dict(pairwise(names))
    return {where: Carrier("robot", "en", robot, following.get(where[0], "")) for where, robot in robots.items()}


async def test_what_is_refused_goes_to_the_fallback_at_once_and_from_there_to_its_own(store: Store) -> None:
    robots = {("ops", 0): Robot(REFUSED), ("mail", 0): Robot(REFUSED), ("boss", 0): Robot()}
    town = Town(store, robots)
    town.courier.adopt(with_fallback("ops", "mail", "boss", robots=robots))
    await town.queue(letter("m-1"))
    for seconds in range(3):
        await town.go(seconds)
    assert [robot.sent for robot in robots.values()] == [["m-1"], ["m-1.fallback"], ["m-1.fallback.fallback"]]
    letters = await town.letters()
    assert [letters[name].fallback for name in ("m-1", "m-1.fallback", "m-1.fallback.fallback")] == ["mail", "boss", ""]
    assert letters["m-1.fallback.fallback"].notification.instead_of == "ops"


async def test_what_is_not_taken_for_ten_minutes_goes_to_the_fallback_once_and_is_tried_further(store: Store) -> None:
    robots = {("ops", 0): Robot(*[throttled(60)] * 14), ("mail", 0): Robot(), ("mail", 1): Robot()}
    town = Town(store, robots)
    town.courier.adopt(with_fallback("ops", "mail", robots=robots))
    await town.queue(letter("m-1"))
    for minute in range(10):
        await town.go(minute * 60)
    assert robots["mail", 0].sent == []
    for minute in (10, 11, 12, 13, 14, 15):
        await town.go(minute * 60)
    assert (robots["mail", 0].sent, robots["mail", 1].sent) == (["m-1.fallback"], ["m-1.fallback.1"])
    robots["ops", 0].verdicts.clear()
    await town.go(3600)
    assert (await town.letters())["m-1"].state is Standing.SENT


async def test_a_receiver_of_several_kinds_that_all_fail_uses_its_fallback_once(store: Store) -> None:
    robots = {("ops", 0): Robot(REFUSED), ("ops", 1): Robot(REFUSED), ("mail", 0): Robot()}
    town = Town(store, robots)
    town.courier.adopt(with_fallback("ops", "mail", robots=robots))
    second = letter("m-1.1")
    await town.queue(letter("m-1"), replace(second, position=1))
    await town.go(0)
    await town.go(1)
    assert robots["mail", 0].sent == ["m-1.fallback"]
    assert {one.fallback for one in (await town.letters()).values()} == {"mail", ""}


async def test_the_fallback_hears_once_of_what_a_newer_message_took_in(store: Store) -> None:
    robots = {("ops", 0): Robot(*[throttled(300)] * 9), ("mail", 0): Robot()}
    town = Town(store, robots)
    town.courier.adopt(with_fallback("ops", "mail", robots=robots))
    await town.queue(letter("m-1"))
    for minute in (0, 10, 11):
        await town.go(minute * 60)
    assert robots["mail", 0].sent == ["m-1.fallback"]
    late = ended("m-2")
    await town.queue(replace(late, created_at=START + timedelta(minutes=12)))
    for minute in (15, 22, 23):
        await town.go(minute * 60)
    assert robots["mail", 0].sent == ["m-1.fallback", "m-2.fallback"]
    letters = await town.letters()
    assert [one.change for one in letters["m-2"].notification.alerts] == [Change.PASSED]
    assert [one.change for one in letters["m-2.fallback"].notification.alerts] == [Change.RESOLVED]


async def test_the_fallback_that_heard_of_an_alert_hears_of_its_end_though_the_receiver_is_well_again(
    store: Store,
) -> None:
    robots = {("ops", 0): Robot(REFUSED), ("mail", 0): Robot()}
    town = Town(store, robots)
    town.courier.adopt(with_fallback("ops", "mail", robots=robots))
    await town.queue(letter("m-1"), letter("other", group="never told to mail"))
    for seconds in (0, 1):
        await town.go(seconds)
    over = ended("m-2")
    elsewhere = replace(over.notification, id="m-3", group_key="never told to mail")
    await town.queue(over, replace(over, id="m-3", notification=elsewhere))
    for seconds in (60, 61, 62):
        await town.go(seconds)
    assert robots["ops", 0].sent == ["m-1", "other", "m-2", "m-3"]
    assert robots["mail", 0].sent == ["m-1.fallback", "m-2.fallback"]
    letters = await town.letters()
    [view] = letters["m-2"].notification.alerts
    assert view.change is Change.PASSED, "the receiver itself never heard that it fired"
    [view] = letters["m-2.fallback"].notification.alerts
    assert view.change is Change.RESOLVED


async def test_the_fallback_hears_the_end_however_much_it_was_told_since(store: Store) -> None:
    robots = {("ops", 0): Robot(REFUSED), ("mail", 0): Robot()}
    town = Town(store, robots)
    town.courier.adopt(with_fallback("ops", "mail", robots=robots))
    await town.queue(letter("m-1"))
    for seconds in (0, 1):
        await town.go(seconds)
    [copy] = [one for one in (await town.letters()).values() if one.receiver == "mail"]
    others = (replace(copy.notification, id=f"o-{number}", group_key=f"group {number}") for number in range(1200))
    await town.queue(*(replace(copy, id=f"{one.id}.fallback", notification=one) for one in others))
    await town.queue(ended("m-2"))
    for seconds in (60, 61, 62):
        await town.go(seconds)
    assert robots["mail", 0].sent == ["m-1.fallback", "m-2.fallback"]


async def test_the_fallback_hears_the_end_of_what_a_digest_told_it_also_when_another_digest_brings_it(
    store: Store,
) -> None:
    robots = {("ops", 0): Robot(*[DELIVERED] * 15, REFUSED, *[REFUSED] * 40), ("mail", 0): Robot()}
    town = Town(store, robots)
    ways = with_fallback("ops", "mail", robots=robots)
    town.courier.adopt({**ways, ("ops", 0): replace(ways["ops", 0], kind="dingtalk")})
    await town.queue(*(chat(f"a-{number}") for number in range(20)))
    for seconds in (0, 1):
        await town.go(seconds)
    assert robots["mail", 0].sent == ["a-15.digest.fallback"]
    over = chat("over")
    [alert] = over.notification.alerts
    gone = replace(alert, key="a-19", firing=False, change=Change.RESOLVED, resolved_at=START)
    said = replace(over.notification, group_key="a-19", reason=Reason.ALL_RESOLVED, alerts=(gone,))
    worse = [chat(f"b-{number}", Severity.CRITICAL) for number in range(25)]
    await town.queue(*worse, replace(over, notification=said))
    for seconds in (61, 62, 63, 123, 124, 125):
        await town.go(seconds)
    told = [one.notification for name, one in (await town.letters()).items() if name.endswith(".fallback")]
    ends = [view.change for one in told for view in one.alerts if view.key == "a-19" and not view.firing]
    assert ends == [Change.RESOLVED]


async def test_what_was_given_up_is_new_in_the_next_message_of_its_group_until_one_arrives(store: Store) -> None:
    robot = Robot(REFUSED)
    town = Town(store, {("ops", 0): robot})
    await town.queue(letter("m-1"))
    await town.go(0)
    again = letter("m-2")
    [alert] = again.notification.alerts
    same = replace(again.notification, reason=Reason.REPEAT, alerts=(replace(alert, change=Change.SAME),))
    await town.queue(replace(again, notification=same))
    await town.go(60)
    third = replace(same, id="m-3")
    await town.queue(replace(again, id="m-3", notification=third))
    await town.go(120)
    letters = await town.letters()
    assert [letters[name].notification.alerts[0].change for name in ("m-2", "m-3")] == [Change.NEW, Change.SAME]


async def test_no_digest_overtakes_another_that_holds_what_is_older(store: Store) -> None:
    robot = Robot()
    town = chatting(store, robot)
    await town.queue(*(chat(f"a-{number}") for number in range(20)))
    robot.verdicts = [*[DELIVERED] * 15, DOWN]
    await town.go(0)
    newer = chat("n-0")
    later = [replace(chat(f"b-{number}"), created_at=START) for number in range(20)]
    await town.queue(replace(newer, notification=replace(newer.notification, group_key="a-19")), *later)
    for seconds in (30, 61, 62, 63, 123, 124, 125):
        await town.go(seconds)
    assert robot.sent.index("n-0") > max(place for place, name in enumerate(robot.sent) if name == "a-15.digest")
    assert {one.state for one in (await town.letters()).values()} == {Standing.SENT}


async def test_a_kill_while_a_chat_is_told_repeats_that_message_and_merges_the_others(store: Store) -> None:
    robot = Robot()
    town = chatting(store, robot)
    await town.queue(chat("m-1"))
    async with store.write() as tx:
        await outbox.begin(tx, chat("m-1"), START)
    newer = chat("m-2")
    behind = replace(newer, notification=replace(newer.notification, group_key="m-1"))
    await town.queue(behind, *(chat(f"a-{number}") for number in range(20)))
    for seconds in (1, 2):
        await town.go(seconds)
    letters = await town.letters()
    assert robot.sent.count("m-1") == 1
    assert [one.key for one in letters["m-1"].notification.alerts] == ["m-1"]
    digests = [one for name, one in letters.items() if name.endswith(".digest")]
    assert all(one.key != "m-1" for digest in digests for one in digest.notification.alerts)
