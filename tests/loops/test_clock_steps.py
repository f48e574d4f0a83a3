"""The wall clock is set by an hour or a day, or the machine sleeps: timers go by the time that really passed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import cast

import aiohttp
import pytest
from pydantic import SecretStr
from test_dispatcher import Town, alert, route
from test_engine import ORDERS, START, stored
from yarl import URL

from monitor.clock import Steady, elapsed
from monitor.engine import Engine
from monitor.fdi.account import Account, Aksk
from monitor.fdi.cloud import Cloud
from monitor.fdi.signing import DATE_HEADER
from monitor.matchers import parse
from monitor.meters import Meters, Pulse
from monitor.model import Alert, Counts, Failure, FailureKind, Sample, Severity, State
from monitor.rounds import Rounds
from monitor.rules.rule import Rule
from monitor.silences import Silence
from monitor.store.database import Store

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
STEPS = pytest.mark.parametrize("step", [HOUR, -HOUR, DAY, -DAY], ids=["+1h", "-1h", "+1d", "-1d"])
ROMA = "https://roma.cn-north-4.myhuaweicloud.com"
HOLDS = Rule("holds", when="abnormal > 0", severity=Severity.CRITICAL, hold=timedelta(minutes=5))


class Machine:
    """Real time passes; the wall clock is set at will; a suspended machine's real time passes as well."""

    def __init__(self) -> None:
        self.real = 0.0
        self.set_by = timedelta()
        self.steps: list[timedelta] = []
        self.steady = Steady(self.wall, lambda: self.real, stepped=self.steps.append)

    def wall(self) -> datetime:
        return START + timedelta(seconds=self.real) + self.set_by

    def passes(self, time: timedelta, *, looked: timedelta = timedelta(seconds=10)) -> datetime:
        """So much real time, in which the clock is looked at now and then."""
        for _ in range(int(time / looked)):
            self.real += looked.total_seconds()
            self.steady()
        return self.steady()


def off(machine: Machine) -> timedelta:
    """How far the steady clock is ahead of the time that really passed."""
    return machine.steady() - START - timedelta(seconds=machine.real)


def test_without_a_step_it_is_the_wall_clock() -> None:
    machine = Machine()
    assert machine.passes(DAY, looked=MINUTE) == machine.wall()
    assert machine.steps == []


@STEPS
def test_a_step_moves_it_by_a_second_a_minute_at_most_and_is_told_once(step: timedelta) -> None:
    machine = Machine()
    machine.passes(MINUTE)
    machine.set_by = step
    machine.steady()
    assert abs(off(machine)) <= timedelta(seconds=1)
    machine.passes(timedelta(minutes=5))
    assert timedelta(seconds=4) <= abs(off(machine)) <= timedelta(seconds=6)
    assert machine.steps == [step]


@STEPS
def test_it_never_goes_back(step: timedelta) -> None:
    machine = Machine()
    seen = [machine.steady()]
    machine.set_by = step
    for _ in range(100):
        machine.real += 0.5
        seen.append(machine.steady())
    assert seen == sorted(seen)


def test_after_a_step_it_agrees_with_the_wall_clock_again_in_the_end() -> None:
    machine = Machine()
    machine.set_by = HOUR
    assert machine.passes(61 * HOUR, looked=timedelta(minutes=5)) == machine.wall()
    machine.set_by = timedelta()
    machine.passes(HOUR)
    assert machine.steps == [HOUR, -HOUR]


def test_a_clock_that_drifts_and_is_kept_right_is_followed_without_a_word() -> None:
    machine = Machine()
    for second in range(1, 600):
        machine.set_by = timedelta(milliseconds=second)
        machine.passes(timedelta(seconds=1), looked=timedelta(seconds=1))
    assert abs(machine.steady() - machine.wall()) < timedelta(milliseconds=10)
    assert machine.steps == []


def test_a_suspended_machine_has_really_spent_its_time() -> None:
    machine = Machine()
    before = machine.steady()
    machine.real += 8 * 3600
    assert machine.steady() - before == 8 * HOUR
    assert machine.steps == []


def test_a_clock_that_had_never_been_set_is_followed_at_once() -> None:
    machine = Machine()
    machine.set_by = timedelta(days=20_000)
    assert machine.steady() == machine.wall()
    assert machine.steps == [timedelta(days=20_000)]


def test_the_machine_says_how_long_it_runs() -> None:
    first = elapsed()
    assert 0 < first <= elapsed()
    assert abs(Steady()() - datetime.now(UTC)) < MINUTE


def engine_of(store: Store, machine: Machine) -> Engine:
    return Engine(
        store,
        (HOLDS,),
        now=machine.steady,
        meters=Meters(),
        pulse=Pulse(),
        moved=lambda: None,
        fires=lambda _, __: None,
    )


async def fired(store: Store, machine: Machine, step: timedelta | None) -> Alert:
    """An alert with `for: 5m`, polled every 30 s, whose second minute sees the step."""
    engine = engine_of(store, machine)
    await engine.load()
    running = asyncio.create_task(engine.run())
    await engine.meet([ORDERS])
    for poll in range(12):
        if poll == 3 and step is not None:
            machine.set_by = step
        counts = Counts(running=5, abnormal=1)
        await engine.take(Sample(ORDERS, machine.steady(), timedelta(), counts, Counts()))
        alert = (await stored(store))[0]
        if alert.state is State.FIRING:
            break
        machine.passes(timedelta(seconds=30))
    running.cancel()
    await asyncio.wait([running])
    return alert


@STEPS
async def test_an_alert_is_held_as_long_as_its_rule_says(store: Store, step: timedelta) -> None:
    machine = Machine()
    alert = await fired(store, machine, step)
    assert alert.state is State.FIRING
    # polled every 30 s: one poll sooner or later at most
    assert 270 <= machine.real <= 330


@STEPS
def test_a_silence_hides_as_long_as_it_was_made_for(step: timedelta) -> None:
    machine = Machine()
    made = silence(machine.steady(), timedelta(hours=2))
    machine.set_by = step
    machine.passes(timedelta(minutes=110))
    assert made.standing(machine.steady()) == "active"
    machine.passes(timedelta(minutes=20))
    assert made.standing(machine.steady()) == "expired"


@STEPS
def test_what_people_say_by_their_clocks_is_understood_and_shown_by_them(step: timedelta) -> None:
    machine = Machine()
    machine.set_by = step
    behind = machine.wall() - machine.steady()
    given = silence(machine.wall(), HOUR)
    kept = given.moved(-behind)
    assert kept.standing(machine.steady()) == "active"
    assert kept.moved(behind) == given


async def spoken(store: Store, machine: Machine, until: float) -> list[float]:
    """The hours at which a group with one alert, which repeats itself every four, speaks until then. It goes on with
    what the store knows, as after a restart."""
    town = Town(store, route("ops"))
    before = len(await town.said())
    spoke: list[float] = []
    while machine.real < until * 3600:
        await town.dispatcher.step(machine.steady())
        spoke += [machine.real / 3600] * (len(await town.said()) - before - len(spoke))
        machine.passes(timedelta(minutes=2), looked=MINUTE)
    return spoke


@STEPS
async def test_a_repeat_comes_after_the_time_that_really_passed(store: Store, step: timedelta) -> None:
    machine = Machine()
    await Town(store, route("ops")).move(0, alert("orders"))
    assert len(await spoken(store, machine, 0.1)) == 1
    machine.set_by = step
    # the clock follows the step by a second a minute at most: four minutes in four hours
    assert await spoken(store, machine, 4.5) == [pytest.approx(4.0, abs=0.11)]


async def test_a_repeat_that_fell_into_a_sleep_comes_once_and_at_once(store: Store) -> None:
    machine = Machine()
    await Town(store, route("ops")).move(0, alert("orders"))
    assert len(await spoken(store, machine, 0.1)) == 1
    machine.real += 13 * 3600
    assert await spoken(store, machine, 17.0) == [pytest.approx(13.1, abs=0.04)]


async def test_who_sleeps_while_an_alert_waits_does_not_fire_on_the_sample_from_before(store: Store) -> None:
    machine = Machine()
    engine = engine_of(store, machine)
    await engine.load()
    running = asyncio.create_task(engine.run())
    await engine.meet([ORDERS])
    try:
        await engine.take(Sample(ORDERS, machine.steady(), timedelta(), Counts(running=5, abnormal=1), Counts()))
        machine.real += 8 * 3600
        lost = Failure(FailureKind.TIMEOUT, "no answer")
        await engine.take(Sample(ORDERS, machine.steady(), timedelta(), failure=lost))
        assert [one.state for one in await stored(store) if one.rule == "holds"] == [State.PENDING]
        machine.passes(timedelta(seconds=30))
        await engine.take(Sample(ORDERS, machine.steady(), timedelta(), Counts(running=5), Counts()))
        assert [one for one in await stored(store) if one.rule == "holds"] == [], "it was well when somebody looked"
    finally:
        running.cancel()
        await asyncio.wait([running])


@STEPS
def test_what_is_signed_bears_the_hour_of_the_wall_clock(step: timedelta) -> None:
    machine = Machine()
    machine.set_by = step
    machine.passes(MINUTE)
    keys = Aksk("canary-key", SecretStr("canary-secret"))
    session = cast("aiohttp.ClientSession", None)  # nothing is sent
    cloud = Cloud(Account("prod", ROMA, ROMA, keys), session, machine.steady, wall=machine.wall)
    signed = cloud._signer.headers("GET", URL(f"{ROMA}/v2"))
    assert signed[DATE_HEADER] == machine.wall().strftime("%Y%m%dT%H%M%SZ")


def silence(at: datetime, lasting: timedelta) -> Silence:
    return Silence("s", parse('a="b"'), at, at + lasting, "me", "", at)


@pytest.mark.looptime
@STEPS
async def test_what_is_due_comes_in_its_time(step: timedelta) -> None:
    loop = asyncio.get_running_loop()
    set_by = timedelta()
    steady = Steady(lambda: START + timedelta(seconds=loop.time()) + set_by, loop.time)
    rounds = Rounds("courier", now=steady, pulse=Pulse())
    came: list[float] = []

    async def look(at: datetime) -> datetime:
        came.append(loop.time())
        return at + timedelta(seconds=5)

    task = asyncio.create_task(rounds.run(look))
    await asyncio.sleep(12)
    set_by = step
    await asyncio.sleep(48)
    task.cancel()
    await asyncio.wait([task])
    assert [round(one) for one in came] == list(range(0, 60, 5))
