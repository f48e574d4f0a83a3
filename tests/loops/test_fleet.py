"""Accounts that come, go and change while the others are polled, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from pydantic import SecretStr

from monitor import clock
from monitor.engine import Engine
from monitor.fdi.account import Account, Discover, Quota, Token
from monitor.fleet import Fleet
from monitor.meters import Meters, Pulse
from monitor.model import Counts, Instance, InstanceKey, Sample

pytestmark = pytest.mark.looptime

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


def account(name: str, **more: Any) -> Account:
    known: dict[str, Any] = {
        "name": name,
        "endpoint": "https://roma.example.com",
        "iam_endpoint": "https://iam.example.com",
        "auth": Token(SecretStr(name)),
        "project_id": "p-1",
        "poll_every": timedelta(seconds=10),
        "instances": (Instance(name, "i-1", "n-1"), Instance(name, "i-2", "n-2")),
    }
    return Account(**{**known, **more})


class FakeCloud:
    """A client that always answers; it remembers whom it replaced."""

    polled: list[tuple[float, str, str]]
    listed: dict[str, list[str]]

    def __init__(
        self,
        one: Account,
        _session: object,
        now: clock.Clock,
        *,
        before: FakeCloud | None = None,
        wall: clock.Clock | None = None,
    ) -> None:
        self.wall = wall
        self.account = one
        self.before = before
        self.share, self.throttled, self.requests = 1.0, 0, 0
        self._now = now

    async def sample(self, instance: Instance) -> Sample:
        self.polled.append((round((self._now() - START).total_seconds(), 2), instance.account, instance.id))
        await asyncio.sleep(0.01)
        return Sample(instance, self._now(), timedelta(seconds=0.01), Counts(), Counts())

    async def instances(self) -> list[Instance]:
        await asyncio.sleep(5)
        names = self.listed[self.account.name]
        return [Instance(self.account.name, name, name, labels=self.account.labels) for name in names]


class Watched:
    """What a fleet needs of the engine."""

    def __init__(self) -> None:
        self.instances: dict[InstanceKey, Instance] = {}

    async def meet(self, found: list[Instance]) -> None:
        self.instances |= {one.key: one for one in found}

    async def leave(self, keys: list[InstanceKey]) -> None:
        for key in keys:
            self.instances.pop(key, None)

    async def take(self, sample: Sample) -> None: ...

    def missed(self, keys: Iterable[InstanceKey], every: float) -> Collection[InstanceKey]:
        return ()

    def hot(self, key: InstanceKey) -> bool:
        return False

    def watched(self, name: str) -> list[Instance]:
        return [one for one in self.instances.values() if one.account == name]

    def troubled(self, name: str) -> set[InstanceKey]:
        return {one.key for one in self.watched(name)}


class Town:
    def __init__(self, *accounts: Account) -> None:
        self.polled: list[tuple[float, str, str]] = []
        self.listed: dict[str, list[str]] = {}
        FakeCloud.polled, FakeCloud.listed = self.polled, self.listed
        self.engine, self.meters, self.pulse = Watched(), Meters(), Pulse()
        self.now = clock.virtual(START, asyncio.get_running_loop())
        session = cast("aiohttp.ClientSession", None)
        engine = cast("Engine", self.engine)
        self.fleet = Fleet(
            accounts, session, engine, now=self.now, meters=self.meters, pulse=self.pulse, cycles=Pulse()
        )

    def polls(self, name: str, after: float = -1) -> list[float]:
        return [at for at, whose, _ in self.polled if whose == name and at > after]


@asynccontextmanager
async def fleet(monkeypatch: pytest.MonkeyPatch, *accounts: Account) -> AsyncIterator[Town]:
    monkeypatch.setattr("monitor.fleet.Cloud", FakeCloud)
    town = Town(*accounts)
    running = asyncio.create_task(town.fleet.run())
    try:
        yield town
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_an_account_that_did_not_change_is_polled_as_if_nothing_had_happened(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with fleet(monkeypatch, account("prod"), account("test")) as town:
        await asyncio.sleep(120)
        undisturbed = town.polls("prod")
    async with fleet(monkeypatch, account("prod"), account("test")) as town:
        for seconds in range(1, 7):
            await asyncio.sleep(20 / 6)
            await town.fleet.renew([account("test", poll_every=timedelta(seconds=seconds))])
        await town.fleet.leave(["test"])
        await asyncio.sleep(100)
        assert town.polls("prod") == undisturbed
        assert len(undisturbed) == 24


async def test_a_removed_account_is_polled_no_more_and_nothing_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with fleet(monkeypatch, account("prod"), account("test")) as town:
        await asyncio.sleep(30)
        await town.fleet.leave(["test"])
        await asyncio.sleep(100)
        assert town.polls("test", after=30) == []
        assert town.polls("prod", after=30) != []
        values = [sample.labels for family in town.meters.registry.collect() for sample in family.samples]
        assert "test" not in {labels.get("account") for labels in values}
        assert list(town.pulse.late(town.now())) == []


async def test_a_changed_account_is_polled_by_its_new_words_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async with fleet(monkeypatch, account("prod")) as town:
        await asyncio.sleep(30)
        await town.fleet.renew([account("prod", poll_every=timedelta(seconds=2))])
        await asyncio.sleep(20)
        assert len(town.polls("prod", after=30)) == 20
        cloud = cast("FakeCloud", town.fleet.clouds["prod"])
        assert cloud.before is not None
        assert cloud.before.account == account("prod")


async def test_found_instances_are_polled_on_while_the_changed_account_looks_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = account("prod", instances=(), discover=Discover(timedelta(minutes=10)))
    async with fleet(monkeypatch, found) as town:
        town.listed["prod"] = ["a", "b", "test-c"]
        await asyncio.sleep(30)
        town.listed["prod"] = ["a", "b"]
        excluding = Discover(timedelta(minutes=10), exclude=("test-*",))
        await town.fleet.renew([replace(found, discover=excluding, labels={"env": "prod"})])
        await asyncio.sleep(4.9)
        polled = {name for at, _, name in town.polled if at > 30}
        await asyncio.sleep(10)
        polled |= {name for at, _, name in town.polled if at > 30}
        assert polled == {"a", "b"}
        assert all(one.labels == {"env": "prod"} for one in town.engine.watched("prod") if one.id != "test-c")
        moved = replace(found, endpoint="https://elsewhere.example.com")
        await town.fleet.renew([moved])
        before = len(town.polled)
        await asyncio.sleep(4.9)
        assert len(town.polled) == before, "another place has to be asked first"


async def test_an_account_that_comes_back_or_has_another_name_follows_who_used_its_quota(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with fleet(monkeypatch, account("prod"), account("test")) as town:
        first = town.fleet.clouds["prod"]
        await town.fleet.leave(["prod"])
        await town.fleet.renew([account("prod", quota=Quota(5, timedelta(seconds=1)))])
        second = cast("FakeCloud", town.fleet.clouds["prod"])
        assert cast("object", second.before) is first
        await town.fleet.leave(["prod"])
        await town.fleet.renew([account("other", auth=Token(SecretStr("prod"))), account("new")])
        assert cast("object", cast("FakeCloud", town.fleet.clouds["other"]).before) is second
        assert cast("FakeCloud", town.fleet.clouds["new"]).before is None
