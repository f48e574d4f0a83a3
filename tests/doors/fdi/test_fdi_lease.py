"""What is lent for a while: asked for once, renewed in time, forgotten when it is refused. Virtual time."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from fdi_kit import START

from monitor.clock import virtual
from monitor.errors import AuthFailed, DoorError, Unreachable
from monitor.fdi.lease import LONGEST, RETRY, RETRY_REFUSED, Lease, Lent

pytestmark = pytest.mark.looptime

HOUR = timedelta(hours=1)


class Lender:
    """Lends 1, 2, 3, ...; fails with `fails` while it is set."""

    def __init__(self, life: timedelta = HOUR, takes: float = 1) -> None:
        self.life = life
        self.takes = takes
        self.asked: list[float] = []
        self.fails: DoorError | None = None

    async def lend(self) -> Lent[int]:
        self.asked.append(asyncio.get_running_loop().time())
        fails = self.fails
        await asyncio.sleep(self.takes)
        if fails is not None:
            raise fails
        return Lent(len(self.asked), self.life)

    def lease(self) -> Lease[int]:
        return Lease(self.lend, virtual(START, asyncio.get_running_loop()))


async def test_nothing_is_held_before_the_first_time() -> None:
    lease = Lender().lease()
    assert (lease.value, lease.expires_at) == (None, None)


async def test_its_end_is_told_by_the_wall_clock() -> None:
    lease = Lender(takes=10).lease()
    await lease.prepare()
    assert lease.expires_at == START + HOUR + timedelta(seconds=10)


async def test_the_moments_of_renewal_are_spread() -> None:
    async def renewed_after() -> float:
        lender = Lender(takes=0)
        lease = lender.lease()
        while len(lender.asked) < 2:
            await lease.prepare()
            await asyncio.sleep(10)
        return lender.asked[1] - lender.asked[0]

    moments = [await renewed_after() for _ in range(15)]
    assert min(moments) >= 3600 - 1800 * 1.2
    assert max(moments) <= 3600 - 1800 + 10
    assert len(set(moments)) > 5


async def test_what_is_forgotten_is_asked_for_anew_and_shown_to_nobody_as_lasting() -> None:
    lender = Lender()
    lease = lender.lease()
    await lease.prepare()
    lease.forget()
    assert (lease.value, lease.expires_at) == (1, None)
    await lease.prepare()
    assert lease.value == 2


async def test_forgetting_nothing_is_nothing() -> None:
    lease = Lender().lease()
    lease.forget()
    assert lease.value is None


async def test_who_waited_while_it_was_forgotten_and_its_renewal_failed_is_told_so() -> None:
    lender = Lender(takes=10)
    lease = lender.lease()
    await lease.prepare()
    await asyncio.sleep(3500)
    lender.fails = Unreachable("away")
    renewing = asyncio.create_task(lease.prepare())
    await asyncio.sleep(1)
    lease.forget()
    waiting = asyncio.create_task(lease.prepare())
    results = await asyncio.gather(renewing, waiting, return_exceptions=True)
    assert [str(result) for result in results] == ["away", "away"]
    assert len(lender.asked) == 2


@pytest.mark.parametrize(("error", "pause"), [(Unreachable("away"), RETRY), (AuthFailed("no"), RETRY_REFUSED)])
async def test_a_lender_who_fails_is_asked_again_only_after_a_pause(error: DoorError, pause: float) -> None:
    lender = Lender(takes=0)
    lender.fails = error
    lease = lender.lease()
    for _ in range(int(3 * pause)):
        with pytest.raises(type(error)):
            await lease.prepare()
        await asyncio.sleep(1)
    assert [round(at - lender.asked[0]) for at in lender.asked] == [0, pause, 2 * pause]


async def test_a_life_without_end_is_renewed_within_a_year() -> None:
    lease = Lender(life=timedelta(days=300_000), takes=0).lease()
    await lease.prepare()
    assert lease.expires_at == START + LONGEST
