"""The parts of the running service that a policy shapes, and how another policy is put in force: as one step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from monitor.courier import Courier
from monitor.dispatcher import Dispatcher
from monitor.engine import Engine
from monitor.errors import Fault
from monitor.fdi.account import Account
from monitor.fdi.discovery import wanted
from monitor.fleet import Fleet
from monitor.heartbeat import Heartbeat
from monitor.model import InstanceKey
from monitor.naming import Namer
from monitor.policy.policy import Policy
from monitor.policy.quota import written
from monitor.reloaded import Reloaded
from monitor.standin import Carrier, Destination
from monitor.web.site import Speech, Tended


@dataclass(slots=True)
class InForce:
    """The policy that the service goes by now; `faults` are those of the files that could not be put in force."""

    policy: Policy
    faults: tuple[Fault, ...] = ()

    def speech(self) -> Speech:
        """What pages and APIs may know of it."""
        policy = self.policy
        kinds = {one.name: tuple(each.kind for each in one.integrations) for one in policy.receivers}
        accounts = (
            Tended(one.name, one.region, written(one.quota), one.quota.rate, one.poll_every) for one in policy.accounts
        )
        return Speech(
            policy.route,
            tuple(kinds),
            policy.quieting,
            policy.rules,
            kinds,
            tuple(accounts),
            files=policy.files,
            faults=self.faults,
            warnings=policy.warnings,
        )


@dataclass(slots=True)
class Live:
    """What runs. `reach` makes the ways to all destinations of a policy; `carriers` are those in use."""

    engine: Engine
    dispatcher: Dispatcher
    courier: Courier
    namer: Namer
    fleet: Fleet
    reach: Callable[[Policy], Mapping[Destination, Carrier]]
    carriers: Mapping[Destination, Carrier]
    force: InForce
    heartbeat: Heartbeat

    async def adopt(self, policy: Policy, changes: Reloaded) -> None:
        """Puts `policy` in force; `changes` says what is different from the one before. `settle` has to follow.

        All that can fail comes first: what raises has changed nothing.

        Raises:
            StoreFailed: the history that new rules look back on could not be read.
        """
        carriers = self._reached(policy, changes)
        binding = await self.engine.prepare(policy.rules) if changes.rules else None
        # From here to the pollers nothing is waited for, so nobody sees one half of it.
        if binding is not None:
            self.engine.adopt(binding)
        if changes.receivers:
            self.courier.adopt(carriers)
            self.carriers = carriers
        if changes.route or changes.receivers or changes.quieting:
            receivers = {receiver.name: receiver for receiver in policy.receivers}
            self.dispatcher.adopt(policy.route, receivers, policy.quieting)
        accounts = {account.name: account for account in policy.accounts}
        await self.fleet.leave(changes.accounts.removed)
        await self.fleet.renew(accounts[name] for name in (*changes.accounts.changed, *changes.accounts.added))
        self.namer.adopt(policy.rules)
        self.heartbeat.adopt(policy.heartbeat)
        self.force.policy = policy

    async def settle(self, policy: Policy) -> None:
        """Ends the alerts that nothing moves any more under `policy`. It can be said again.

        Raises:
            StoreFailed: not all of them ended.
        """
        await self.engine.retire({account.name: _polled(account) for account in policy.accounts})
        for account in policy.accounts:
            named = _named(account)
            found = (one for one in self.engine.watched(account.name) if one.key not in named)
            await self.engine.leave([one.key for one in found if not wanted(one.name, account.discover)])

    def _reached(self, policy: Policy, changes: Reloaded) -> Mapping[Destination, Carrier]:
        """The ways to all destinations; those of receivers that did not change stay the same, with what they know."""
        touched = {*changes.receivers.added, *changes.receivers.changed}
        return {
            place: carrier if place[0] in touched else self.carriers.get(place, carrier)
            for place, carrier in self.reach(policy).items()
        }


def _named(account: Account) -> set[InstanceKey]:
    return {one.key for one in account.instances}


def _polled(account: Account) -> set[InstanceKey] | None:
    """The account's instances, None where only the cloud knows them."""
    return None if account.discover else _named(account)
