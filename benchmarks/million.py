"""A million instances on many nodes, in virtual time: who polls what, how evenly, and what the database has to take.

    python -m benchmarks.million [--instances 1000000] [--nodes 70] [--minutes 3] [--changes 10] [--seed 1]

Placed are all accounts on all nodes, by the rules that the nodes follow; then one node is lost. Played are the node
with the most accounts and the one with the fewest: pollers, throttles and rules are those of the service, only the
cloud's answers and the clock are made up, and instead of a database there is a count of the rows that would be written.
After one change in five an instance has abnormal tasks, so that alerts move.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from random import Random
from typing import Any, cast

import looptime
from pydantic import SecretStr

from benchmarks.poll_cost import CONDITIONS
from monitor import telemetry
from monitor.fdi.account import Account, Quota, Token
from monitor.fdi.cloud import Cloud
from monitor.fdi.throttle import FairThrottler
from monitor.membership import BEATS
from monitor.meters import Meters, Pulse
from monitor.model import Alert, Counts, Instance, InstanceKey, Sample
from monitor.poller import Poller
from monitor.rules.rule import Rule
from monitor.rules.watch import Watch
from monitor.schedule import SHARE
from monitor.sharing import LEAD, Member, decide
from monitor.store.postgres import LEASE
from monitor.stretches import FLUSH

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
EVERY = timedelta(minutes=1)
QUOTA = Quota(20, timedelta(seconds=1))
ON_ONE_ACCOUNT = int(QUOTA.rate * SHARE * EVERY.total_seconds())
RULES = (*(Rule(f"rule-{n}", when=when) for n, when in enumerate(CONDITIONS)), Rule("abnormal", when="abnormal > 0"))
ROUND_TRIP = (0.03, 0.05)
DAY = timedelta(days=1)
ROWS_OF_AN_ALERT = 3
"""Its own, its transition, and a decision about its group."""


def now() -> datetime:
    return START + timedelta(seconds=asyncio.get_running_loop().time())


@dataclass(frozen=True, slots=True)
class Placement:
    """Which node holds which account."""

    holders: Mapping[str, str]

    def shares(self) -> Counter[str]:
        return Counter(self.holders.values())


def place(nodes: Iterable[str], accounts: Collection[str], before: Mapping[str, str] | None = None) -> Placement:
    """Every node looks, leaves and takes, as often as it takes until nobody moves."""
    members = [Member(name, frozenset(accounts)) for name in nodes]
    holders = dict(before or dict.fromkeys((LEAD, *accounts), ""))
    moved = True
    while moved:
        moved = False
        for one in members:
            moves = decide(one.id, members, holders)
            holders |= dict.fromkeys(moves.leave, "") | dict.fromkeys(moves.take, one.id)
            moved = moved or bool(moves.leave or moves.take)
    return Placement({account: holder for account, holder in holders.items() if account != LEAD})


class Sky:
    """One account's cloud: the service's throttle, and answers that change now and then."""

    def __init__(self, account: Account, dice: Random, changes: float) -> None:
        self.account = account
        self.throttler = FairThrottler(account.quota.requests, account.quota.per.total_seconds())
        self.share, self.throttled, self.requests = 1.0, 0, 0
        self._dice = dice
        self._chance = changes * EVERY / DAY
        self._counts: dict[InstanceKey, Counts] = {}

    async def sample(self, instance: Instance) -> Sample:
        departure = await self.throttler.acquire()
        self.requests += 1
        took = self._dice.uniform(*ROUND_TRIP)
        await asyncio.sleep(took)
        self.throttler.answered(departure)
        if self._dice.random() < self._chance:
            abnormal = int(self._dice.random() < 0.2)
            self._counts[instance.key] = Counts(self._dice.randrange(100), abnormal, 0, self._dice.randrange(100))
        counts = self._counts.get(instance.key, Counts(5, 0, 0, 9))
        return Sample(instance, now(), timedelta(seconds=took), counts, Counts())


class Ledger:
    """In the place of engine and database: judges by the service's rules, and counts what would be written."""

    def __init__(self) -> None:
        self.watches: dict[InstanceKey, Watch] = {}
        self.alerts: defaultdict[InstanceKey, dict[str, Alert]] = defaultdict(dict)
        self.grown: set[InstanceKey] = set()
        self.written: Counter[str] = Counter()
        self.polls = 0
        self.busiest_flush = 0

    async def meet(self, found: Iterable[Instance]) -> None:
        self.watches |= {one.key: Watch(one, RULES, health=None, history=()) for one in found}

    async def leave(self, keys: Collection[InstanceKey]) -> None:
        """Nobody leaves."""

    def missed(self, keys: Iterable[InstanceKey], every: float) -> Collection[InstanceKey]:
        """Nothing was polled before."""
        return ()

    def hot(self, key: InstanceKey) -> bool:
        return any(alert.state.fires for alert in self.alerts[key].values())

    def troubled(self, account: str) -> Collection[InstanceKey]:
        return ()

    async def take(self, sample: Sample) -> None:
        self.polls += 1
        key, watch = sample.instance.key, self.watches[sample.instance.key]
        known = watch.health is not None
        step = watch.step(sample, self.alerts[key])
        watch.health = step.health
        if step.began or step.changes:
            self.written["transactions"] += known
            self.written["runs"] += step.began and known
            self.written["alerts"] += ROWS_OF_AN_ALERT * sum(one.transition is not None for one in step.changes)
            for change in step.changes:
                if change.alert is not None:
                    self.alerts[key][change.rule] = change.alert
        else:
            self.grown.add(key)

    async def flush(self) -> None:
        while True:
            await asyncio.sleep(FLUSH.total_seconds())
            self.written["run ends"] += len(self.grown)
            self.written["transactions"] += bool(self.grown)
            self.busiest_flush = max(self.busiest_flush, len(self.grown))
            self.grown.clear()


@dataclass(frozen=True, slots=True)
class Found:
    """What one node did in so many seconds after its first minute."""

    accounts: int
    seconds: float
    polls: int
    missed: int
    written: Counter[str]
    busiest_flush: int


async def play(accounts: Collection[str], instances: int, *, minutes: int, changes: float, seed: int) -> Found:
    """One node with these accounts, each with so many instances, in virtual time."""
    dice, ledger, meters = Random(seed), Ledger(), Meters()
    tasks = [asyncio.create_task(ledger.flush())]
    for name in accounts:
        named = tuple(Instance(name, f"{name}-{n}", f"instance-{n}", "", "p-1") for n in range(instances))
        one = Account(
            name=name,
            endpoint="https://roma.example.com",
            iam_endpoint="https://iam.example.com",
            auth=Token(SecretStr("none")),
            project_id="p-1",
            poll_every=EVERY,
            quota=QUOTA,
            instances=named,
        )
        cloud = cast("Cloud", Sky(one, dice, changes))
        poller = Poller(one, cloud, engine=ledger, now=now, meters=meters, pulse=Pulse(), cycles=Pulse())
        tasks.append(asyncio.create_task(poller.run()))
    await asyncio.sleep(EVERY.total_seconds())
    polls, written = ledger.polls, Counter(ledger.written)
    await asyncio.sleep((minutes - 1) * EVERY.total_seconds())
    seconds = (minutes - 1) * EVERY.total_seconds()
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    polls = ledger.polls - polls
    missed = round(len(ledger.watches) * seconds / EVERY.total_seconds()) - polls
    return Found(len(accounts), seconds, polls, missed, ledger.written - written, ledger.busiest_flush)


def run(story: Any) -> Any:
    with asyncio.Runner(loop_factory=looptime.new_event_loop) as runner:
        return runner.run(story)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=int, default=1_000_000)
    parser.add_argument("--nodes", type=int, default=70)
    parser.add_argument("--minutes", type=int, default=3)
    parser.add_argument("--changes", type=float, default=10.0, help="of an instance in a day")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    telemetry.set_up(level="error", style="json")
    dice = Random(given.seed)
    nodes = [f"node-{n}-{dice.randrange(16**6):06x}" for n in range(given.nodes)]
    accounts = [f"account-{n}" for n in range(ceil(given.instances / ON_ONE_ACCOUNT))]
    per_account = ceil(given.instances / len(accounts))
    placed = place(nodes, accounts)
    shares = placed.shares()
    lost = max(nodes, key=lambda name: shares[name])
    after = place([name for name in nodes if name != lost], accounts, placed.holders)
    moved = [one for one in accounts if placed.holders[one] != after.holders[one]]
    print(
        f"seed {given.seed}: {given.instances:,} instances every {EVERY.total_seconds():g} s, {len(accounts)} accounts"
    )
    print(f"of {per_account:,} at {QUOTA.requests}/s, {given.nodes} nodes\n")
    print(f"{'accounts on a node':44} {min(shares.values())} to {max(shares.values())}")
    print(
        f"{'instances on a node':44} {min(shares.values()) * per_account:,} to {max(shares.values()) * per_account:,}"
    )
    print(f"{'accounts that move when the fullest is lost':44} {len(moved)}, all of them its own")
    assert {placed.holders[one] for one in moved} == {lost}
    for name in (min(nodes, key=lambda one: shares[one]), lost):
        held = [one for one, holder in placed.holders.items() if holder == name]
        story = play(held, per_account, minutes=given.minutes, changes=given.changes, seed=given.seed)
        tell(run(story), given.instances / (len(held) * per_account), given.nodes)


def tell(found: Found, times: float, nodes: int) -> None:
    """One node, and all of them: what it did times its share."""

    def line(what: str, amount: float, unit: str) -> None:
        print(f"{what:44} {amount:12,.1f} {amount * times:14,.0f}  {unit}")

    print(f"\n{f'a node with {found.accounts} accounts':44} {'itself':>12} {'all like it':>14}")
    line("polls", found.polls / found.seconds, "a second")
    print(f"{'polls that came too late for their minute':44} {max(0, found.missed):12,}")
    line("ends of runs", found.written["run ends"] / found.seconds, "updated rows a second")
    line("the same in one statement", found.busiest_flush, f"rows, every {FLUSH.total_seconds():g} s")
    line("runs", found.written["runs"] * DAY.total_seconds() / found.seconds, "new rows a day")
    line("alerts", found.written["alerts"] * DAY.total_seconds() / found.seconds, "rows a day")
    line("transactions of the recorder", found.written["transactions"] / found.seconds, "a second at most")
    looks = 2 * BEATS / LEASE.total_seconds()
    print(f"{'beats and looks':44} {looks:12.2f} {looks * nodes:14,.0f}  small transactions a second")


if __name__ == "__main__":
    main()
