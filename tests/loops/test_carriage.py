"""What a message brings with it of the past: for receivers that draw it, and never at the price of the message."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from monitor.carriage import RECOLLECTION, Carriage
from monitor.errors import StoreFailed
from monitor.message import Message
from monitor.model import Counts, Instance, Run, Severity
from monitor.notification import AlertView, Change, Notification, Reason
from monitor.notifiers import Options, OptionsType, Outcome, Verdict
from monitor.standin import Carrier
from monitor.store import history, instances, outbox
from monitor.store.database import Store

NOW = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
ORDERS = Instance("prod", "i-1", "orders")
ALERT = AlertView(
    key="a",
    labels={"alertname": "abnormal", "account": "prod", "instance": "orders", "instance_id": "i-1"},
    annotations={},
    severity=Severity.CRITICAL,
    firing=True,
    change=Change.NEW,
    started_at=NOW - timedelta(minutes=5),
)
LETTER = outbox.letter(
    Notification("m", "ops", "g", {}, Reason.FIRST, NOW, (ALERT,)), kind="painter", position=0, at=NOW
)


class Painter:
    """Keeps what it was given."""

    Options: ClassVar[OptionsType] = Options

    def __init__(self) -> None:
        self.given: list[Message] = []

    def payload(self, message: Message) -> str:
        return message.title

    async def send(self, message: Message) -> Verdict:
        self.given.append(message)
        return Verdict(Outcome.DELIVERED)


class Plugin(Painter):
    """Other people's code: it does what a test wants of it."""

    def __init__(self, does: Callable[[], Awaitable[Any]]) -> None:
        super().__init__()
        self.does = does

    async def send(self, message: Message) -> Verdict:
        self.given.append(message)
        answer: Verdict = await self.does()
        return answer


async def _forever() -> None:
    await asyncio.Event().wait()


async def _cancelled() -> None:
    raise asyncio.CancelledError


async def _fails() -> None:
    raise KeyError("canary")


async def _nothing() -> None:
    return None


async def _a_word() -> Verdict:
    return Verdict("delivered")  # type: ignore[arg-type]


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("does", "reason", "after"),
    [
        (_forever, "the notifier itself does not end; see the log", 15),
        (_cancelled, "the notifier itself failed; see the log", 0),
        (_fails, "the notifier itself failed; see the log", 0),
        (_nothing, "the notifier itself failed; see the log", 0),
        (_a_word, "the notifier itself failed; see the log", 0),
    ],
)
async def test_whatever_a_plugin_does_is_a_failed_try(
    does: Callable[[], Awaitable[Any]], reason: str, after: float
) -> None:
    carriage = Carriage({("ops", 0): Carrier("painter", "en", Plugin(does))}, UTC, "")
    began = asyncio.get_running_loop().time()
    verdict = await carriage.deliver(LETTER, edits="")
    assert verdict == Verdict(Outcome.UNREACHABLE, reason)
    assert asyncio.get_running_loop().time() - began == after


@pytest.mark.looptime
async def test_who_cancels_a_try_is_heard() -> None:
    carriage = Carriage({("ops", 0): Carrier("painter", "en", Plugin(_forever))}, UTC, "")
    task = asyncio.create_task(carriage.deliver(LETTER, edits=""))
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


class Away:
    """A store that does not answer, or that says so."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked = 0

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Any]:
        self.asked += 1
        if self.error is not None:
            raise self.error
        await asyncio.Event().wait()
        yield None


async def given(past: Any, *, draws: bool = True, letter: outbox.Letter = LETTER) -> Message:
    """The message as it reached the notifier."""
    painter = Painter()
    carriage = Carriage({("ops", 0): Carrier("painter", "en", painter, draws=draws)}, UTC, "", past=past)
    verdict = await carriage.deliver(letter, edits="")
    assert verdict.outcome is Outcome.DELIVERED
    [message] = painter.given
    return message


async def test_a_receiver_that_draws_is_given_the_course_of_the_worst_instance(store: Store) -> None:
    async with store.write() as tx:
        await instances.remember(tx, [ORDERS, Instance("prod", "i-2", "stock")], at=NOW)
        rows = await instances.ids(tx)
        well = Run(NOW - timedelta(hours=9), NOW - timedelta(minutes=6), 1069, Counts(40), Counts())
        ill = Run(NOW - timedelta(minutes=5.5), NOW, 12, Counts(38, 2), Counts(0, 1))
        await history.begin(tx, [(rows[ORDERS.key], well), (rows[ORDERS.key], ill)])
    message = await given(store)
    assert message.plot is not None
    assert message.plot.title == "orders: abnormal tasks, lowest 0, highest 3, last 3"
    assert (message.plot.since, message.plot.until) == ("07:00:00", "10:00:00")
    unseen = replace(ALERT, labels={**ALERT.labels, "instance_id": "i-2"})
    later = replace(LETTER, notification=replace(LETTER.notification, alerts=(unseen,)))
    assert (await given(store, letter=later)).plot is None


async def test_for_others_nobody_looks_it_up() -> None:
    away = Away()
    assert (await given(away, draws=False)).plot is None
    assert away.asked == 0


@pytest.mark.looptime
async def test_a_store_that_does_not_answer_delays_the_message_by_a_second_at_most() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert (await given(Away())).plot is None
    assert loop.time() - began <= RECOLLECTION.total_seconds() == 1


@pytest.mark.parametrize("error", [StoreFailed("the disk is full"), ZeroDivisionError("a bug")])
async def test_a_store_that_fails_costs_the_picture_alone(error: Exception) -> None:
    assert (await given(Away(error))).plot is None
