"""Who cannot be told is seen in the outbox, also after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from test_courier import START, letter

from monitor.book import Book
from monitor.earshot import Earshot
from monitor.meters import Meters, Pulse
from monitor.store import alerts, outbox
from monitor.store.database import Store
from monitor.store.outbox import Letter, Standing


def moment(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@asynccontextmanager
async def listening(store: Store, *receivers: str) -> AsyncIterator[Earshot]:
    """One process that looks, with the alerts that the store knows."""
    book = Book(store, meters=Meters(), moved=lambda: None)
    async with store.read() as tx:
        book.load(await alerts.known(tx))
    writing = asyncio.create_task(book.run())
    try:
        yield Earshot(store, book, lambda: receivers or ("ops", "data"), now=lambda: START, pulse=Pulse())
    finally:
        writing.cancel()
        await asyncio.wait([writing])


async def put(store: Store, *letters: Letter) -> None:
    async with store.write() as tx:
        await outbox.add(tx, letters)
        for one in letters:
            await outbox.settle(tx, one)


def given_up(name: str, seconds: float, *, receiver: str = "ops", reason: str = "sign does not match") -> Letter:
    one = letter(name, receiver=receiver)
    return replace(one, state=Standing.DEAD, attempts=1, settled_at=moment(seconds), reason=reason)


def delivered(name: str, seconds: float, *, receiver: str = "ops") -> Letter:
    return replace(letter(name, receiver=receiver), state=Standing.SENT, attempts=1, settled_at=moment(seconds))


async def firing(store: Store) -> dict[str, str]:
    async with store.read() as tx:
        live = await alerts.live(tx)
    return {one.labels["receiver"]: one.annotations["summary"] for one in live if one.state.fires}


async def test_a_message_that_was_given_up_raises_the_alert_and_the_next_one_that_arrives_ends_it(store: Store) -> None:
    await put(store, delivered("m-1", 0), given_up("m-2", 10))
    async with listening(store) as ear:
        await ear.step(moment(11))
        assert await firing(store) == {"ops": "messages to ops are not delivered: robot: sign does not match"}
    await put(store, delivered("m-3", 60))
    async with listening(store) as ear:
        await ear.step(moment(61))
        assert await firing(store) == {}


async def test_a_message_that_waits_raises_it_after_ten_minutes_of_trying(store: Store) -> None:
    tried = replace(letter("m-1"), attempts=3, reason="no answer within 10 s", next_at=moment(700))
    await put(store, tried, replace(letter("m-2", receiver="data"), next_at=moment(0)))
    async with listening(store) as ear:
        await ear.step(moment(599))
        assert await firing(store) == {}
        await ear.step(moment(601))
        assert await firing(store) == {"ops": "messages to ops are not delivered: robot: no answer within 10 s"}


async def test_what_arrives_at_another_place_ends_nothing_and_a_receiver_that_is_gone_needs_no_alert(
    store: Store,
) -> None:
    await put(store, given_up("m-1", 10), delivered("m-2", 20, receiver="data"))
    async with listening(store) as ear:
        await ear.step(moment(30))
        assert list(await firing(store)) == ["ops"]
    async with listening(store, "data") as ear:
        await ear.step(moment(40))
        assert await firing(store) == {}
