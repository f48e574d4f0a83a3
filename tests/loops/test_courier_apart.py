"""What goes out alone or not at all: drills, and what only shows who cares for an alert."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from test_courier import DOWN, REFUSED, START, Robot, Town, chat, chatting, letter, with_fallback

from monitor.notification import Reason
from monitor.store.database import Store
from monitor.store.outbox import Letter, Standing


def of(one: Letter, reason: Reason) -> Letter:
    return replace(one, notification=replace(one.notification, reason=reason))


@pytest.mark.parametrize("reason", [Reason.DRILL, Reason.ACKNOWLEDGED])
async def test_it_is_in_no_digest_and_goes_out_when_there_is_room(store: Store, reason: Reason) -> None:
    robot = Robot()
    town = chatting(store, robot)
    many = [chat(f"a-{number}") for number in range(40)]
    await town.queue(*many[:30], of(chat("apart"), reason), *many[30:])
    await town.go(0)
    assert robot.sent[-1] == "a-15.digest"
    letters = await town.letters()
    assert len(letters["a-15.digest"].notification.alerts) == 25
    assert letters["apart"].state is Standing.WAITING
    await town.go(1)
    assert await town.go(2) == START + timedelta(seconds=60)
    await town.go(60)
    assert robot.sent[16:] == ["apart"]
    assert {one.state for one in (await town.letters()).values()} == {Standing.SENT}


async def test_who_cares_is_told_after_what_failed_not_in_its_place(store: Store) -> None:
    robot = Robot(DOWN)
    town = Town(store, {("ops", 0): robot})
    await town.queue(letter("m-1"), of(letter("m-2"), Reason.ACKNOWLEDGED))
    for seconds in (0, 2, 30):
        await town.go(seconds)
    assert robot.sent == ["m-1", "m-1", "m-2"]


async def test_who_cares_is_no_business_of_a_fallback(store: Store) -> None:
    robots = {("ops", 0): Robot(REFUSED), ("mail", 0): Robot()}
    town = Town(store, robots)
    town.courier.adopt(with_fallback("ops", "mail", robots=robots))
    await town.queue(of(letter("m-1"), Reason.ACKNOWLEDGED))
    for seconds in range(3):
        await town.go(seconds)
    assert robots["mail", 0].sent == []
    assert {one.id: one.state for one in (await town.letters()).values()} == {"m-1": Standing.DEAD}
