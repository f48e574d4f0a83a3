"""The world around the service in a story: the simulated cloud with its robots.

Every secret that is planted here must never be seen again; `service` looks for all of them after each story.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from waiting import want

from monitor.clock import now
from monitor.simulator import Scenario, Simulator, SimulatorOptions, tasks
from monitor.simulator.counts import Counts

FEISHU = "ops-f3115hu-c4n4ry"
FEISHU_SECRET = "5ecret-f3115hu-c4n4ry"
HOOK_TOKEN = "t0ken-h00k-c4n4ry"


@dataclass(frozen=True, slots=True)
class Said:
    """One try to say something to a webhook, with Alertmanager's body."""

    id: str
    at: datetime
    body: Mapping[str, Any]
    accepted: bool

    @property
    def status(self) -> str:
        return str(self.body["status"])

    @property
    def alerts(self) -> Sequence[Mapping[str, Any]]:
        return list(self.body["alerts"])

    def about(self, label: str) -> set[str]:
        """The values of one label over all its alerts."""
        return {alert["labels"].get(label, "") for alert in self.alerts}

    @property
    def started(self) -> datetime:
        """When its first alert began to fire."""
        return datetime.fromisoformat(self.alerts[0]["startsAt"])


class World:
    """A simulated cloud, told what happens in it."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self.secrets = {FEISHU, FEISHU_SECRET, HOOK_TOKEN, sim.credentials.password, sim.credentials.secret_key}

    # what happens

    def breaks(self, *names: str, common: int = 0, cdc: int = 0) -> None:
        """So many tasks are abnormal from now on."""
        for name in names:
            self.sim.cloud.put(name, {"common": {"abnormal": common}, "cdc": {"abnormal": cdc}})

    def recovers(self, *names: str) -> None:
        self.breaks(*names)

    def answers(self, name: str, kind: str) -> None:
        """The instance answers with this fault."""
        self.sim.cloud.add_fault({"instance": name, "kind": kind})

    def robot(self, name: str, behaviour: Mapping[str, Any]) -> None:
        """`{"down": True}`, `{"answer": {"status": 500}}`, `{"refuse": CODE}`; `{}` makes it normal again."""
        self.sim.robots.configure(name, behaviour)

    # what was seen of the service

    def tries(self, address: str) -> list[Said]:
        """What a webhook was sent, oldest first, whether it took it or not."""
        return [
            Said(message.id, message.at, message.body, message.verdict == "accepted")
            for message in self.sim.messages(robot=address)
        ]

    def said(self, address: str, status: str = "") -> list[Said]:
        """What a webhook took, oldest first."""
        return [one for one in self.tries(address) if one.accepted and status in ("", one.status)]

    def chat(self) -> list[str]:
        """The titles and words of the cards that the Feishu robot took."""
        return [message.summary for message in self.sim.messages(robot=FEISHU, verdict="accepted")]

    def polls(self, name: str) -> int:
        """How often the instance was polled so far."""
        member = self.sim.cloud.find(name)
        return self.sim.cloud.figures.instances[member.machine.id] if member else 0

    def broken(self, name: str, *, common: int = 0, cdc: int = 0) -> list[str]:
        """What so many broken tasks of the instance are called."""
        member = self.sim.cloud.find(name)
        if member is None:
            raise AssertionError(f"there is no instance {name}")
        counts = Counts(abnormal=common), Counts(abnormal=cdc)
        page = tasks.page(member.machine.id, *counts, tasks.Query(limit=99, status="ERROR"))
        return [str(task["task_name"]) for task in page["entities"]]

    async def polled_again(self, name: str, times: int = 2) -> None:
        """Returns when the instance was polled so many more times."""
        before = self.polls(name)
        await want(f"{times} more polls of {name}", lambda: self.polls(name) >= before + times)

    # how the policy reaches it

    def account(self, name: str = "prod", *, auth: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """An account of this cloud as the policy writes it. Secrets come from the environment."""
        known = self.sim.credentials
        login = {"domain": known.domain, "user": known.user, "password": "${CLOUD_PASSWORD}"}
        return {
            "name": name,
            "region": known.region,
            "endpoint": known.url,
            "iam_endpoint": known.url,
            "project_id": known.project_id,
            "auth": dict(auth or {"password": login}),
            "poll_every": "1s",
            "timeout": "2s",
            "discover": {"every": "10s"},
            **more,
        }

    def feishu(self) -> dict[str, Any]:
        """A robot that checks signatures."""
        return {"webhook": "${FEISHU_WEBHOOK}", "secret": "${FEISHU_SECRET}"}

    def hook(self, address: str = "hook") -> dict[str, Any]:
        """A webhook of its own address, reached with a token."""
        headers = {"Authorization": "Bearer ${HOOK_TOKEN}"}
        return {"url": f"{self.sim.url}/webhook/{address}", "headers": headers, "timeout": "2s"}

    def environment(self) -> dict[str, str]:
        """What the policy asks for in its `${...}`."""
        known = self.sim.credentials
        return {
            "CLOUD_PASSWORD": known.password,
            "CLOUD_ACCESS_KEY": known.access_key,
            "CLOUD_SECRET_KEY": known.secret_key,
            "FEISHU_WEBHOOK": f"{known.url}/feishu/{FEISHU}",
            "FEISHU_SECRET": FEISHU_SECRET,
            "HOOK_TOKEN": HOOK_TOKEN,
        }

    def token(self, life: timedelta = timedelta(hours=1)) -> str:
        """A token made elsewhere: one secret more."""
        token = self.sim.cloud.tokens.issue(now())
        # servers and logs cut long ones short
        self.secrets.add(token.value[:40])
        return token.value


@asynccontextmanager
async def cloud(instances: int = 1, **options: Any) -> AsyncIterator[World]:
    """A cloud in which nothing happens by itself. Its instances are `orders`, `invoices`, `订单同步`, ..."""
    async with Simulator(SimulatorOptions(instances=instances, scenario=Scenario(), **options)) as sim:
        sim.robots.configure(f"feishu/{FEISHU}", {"secret": FEISHU_SECRET})
        yield World(sim)
