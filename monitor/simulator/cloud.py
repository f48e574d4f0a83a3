"""The state of the simulated cloud: fleet, scenario, faults, quota, tokens, figures. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from monitor.clock import Clock
from monitor.simulator import fleet, identity, misbehaviour, scenario_demo
from monitor.simulator.counts import states
from monitor.simulator.faults import Fault, Faults, parse
from monitor.simulator.fleet import Machine
from monitor.simulator.quota import Limit, Quota, Window
from monitor.simulator.scenario import Moment, Scenario, Timeline


@dataclass(frozen=True, slots=True)
class Rules:
    """What does not change while the cloud runs."""

    seed: int
    limit: Limit
    region: str
    token_size: int
    token_life: timedelta


@dataclass(slots=True)
class Member:
    """One instance with its life."""

    machine: Machine
    timeline: Timeline


class Figures:
    """Requests counted: what `GET /_sim/stats` tells."""

    def __init__(self, limit: Limit) -> None:
        self.requests = 0
        self.accepted = 0
        self.refused: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.instances: Counter[str] = Counter()
        self.second = Window(1.0)
        self.window = Window(limit.per)

    def arrive(self, call: str, at: float) -> None:
        """A quota-bound call arrives, before anyone judges it."""
        self.requests += 1
        self.calls[call] += 1
        self.second.add(at)
        self.window.add(at)


class Cloud:
    """One account in one region."""

    def __init__(self, rules: Rules, clock: Clock, *, instances: int, scenario: Scenario | None) -> None:
        self.rules = rules
        self.clock = clock
        self.account = identity.Account.seeded(rules.seed, rules.region)
        self.tokens = identity.Tokens(rules.seed, size=rules.token_size, life=rules.token_life)
        self.agency = identity.Agency(rules.seed)
        self.user_lock = identity.Lock(identity.USER_FAILURES, identity.USER_LOCK)
        self.key_lock = identity.Lock(identity.KEY_FAILURES, identity.KEY_LOCK)
        self.quota = Quota(rules.limit)
        self.faults = Faults(rules.seed)
        self.figures = Figures(rules.limit)
        self.started = clock()
        machines = fleet.seeded(instances, rules.seed)
        self.scenario = scenario_demo.demo(machines, rules.seed) if scenario is None else scenario
        self.members = {machine.id: Member(machine, self.scenario.timeline(machine)) for machine in machines}
        self._requests = 0

    def request_id(self) -> str:
        """A new request id, the same in every run of the same seed."""
        self._requests += 1
        return f"{self.rules.seed & 0xFFFFFFFF:08x}{self._requests:024x}"

    def moment(self, member: Member, at: datetime) -> Moment:
        """The truth about an instance."""
        return member.timeline.at((at - self.started).total_seconds())

    def machines(self) -> list[Machine]:
        return [member.machine for member in self.members.values()]

    def find(self, name: str) -> Member | None:
        """By id, else by name."""
        found = self.members.get(name)
        return found or next((each for each in self.members.values() if each.machine.name == name), None)

    def put(self, name: str, raw: Any) -> Member:
        """Sets counts, name or status of an instance; an unknown one is made, with zero counts.

        From then on the scenario leaves its counts alone. `raw` is `{"name", "status", "common", "cdc"}`, each
        optional; states not named keep their present counts. Raises `ValueError` naming what is wrong.
        """
        if not isinstance(raw, Mapping) or set(raw) - {"name", "status", "common", "cdc"}:
            raise ValueError(
                'write {"name": TEXT, "status": TEXT, "common": {"abnormal": 1}, "cdc": {}}, each optional'
            )
        common, cdc = states(raw.get("common"), "common"), states(raw.get("cdc"), "cdc")
        status = str(raw.get("status", "RUNNING"))
        if status not in fleet.STATUSES:
            raise ValueError(f"no status {status!r}; there are {', '.join(fleet.STATUSES)}")
        member = self.find(name)
        machine = self._present(member) if member else Machine(id=name, name=name)
        machine = replace(
            machine,
            name=str(raw.get("name", machine.name)),
            status=status if "status" in raw else machine.status,
            common=machine.common.changed(common),
            cdc=machine.cdc.changed(cdc),
        )
        made = Member(machine, Scenario().timeline(machine))
        self.members[machine.id] = made
        return made

    def _present(self, member: Member) -> Machine:
        moment = self.moment(member, self.clock())
        return replace(member.machine, common=moment.common, cdc=moment.cdc)

    def remove(self, name: str) -> bool:
        """Deletes an instance; whether there was one."""
        member = self.find(name)
        return member is not None and self.members.pop(member.machine.id, None) is not None

    def add_fault(self, raw: Any) -> Fault:
        """Sets a fault from `{"instance", "kind", "for", "rate", "value"}`. Raises `ValueError`."""
        fault = parse(raw, at=self.clock().timestamp(), kinds=misbehaviour.KINDS)
        self.faults.add(fault)
        return fault

    def forget_figures(self) -> None:
        self.figures = Figures(self.rules.limit)

    def stats(self) -> dict[str, Any]:
        """The figures, for `GET /_sim/stats`."""
        figures = self.figures
        return {
            "requests": figures.requests,
            "accepted": figures.accepted,
            "refused": dict(figures.refused),
            "by_call": dict(figures.calls),
            "by_instance": dict(figures.instances),
            "highest_in_a_second": figures.second.highest,
            "highest_in_a_window": figures.window.highest,
            "quota": {"requests": self.rules.limit.requests, "seconds": self.rules.limit.per},
            "instances": len(self.members),
            "uptime": (self.clock() - self.started).total_seconds(),
        }
