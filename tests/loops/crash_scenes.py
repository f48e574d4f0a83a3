"""What happens in the world while a service is killed: six stories, each told by the second."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.model import Instance

ORDERS = Instance("prod", "i-1", "orders", "cn-north-4", "p-1", {"env": "prod"})
INVOICES = Instance("prod", "i-2", "订单同步", "cn-north-4", "p-1", {"env": "prod"})
INSTANCES = (ORDERS, INVOICES)

EVERY = 10
"""Seconds between two polls of an instance."""
DOWN = 1
"""Seconds between a kill and the next start."""
TOLD = 40
"""By then what broke at 10 s has fired, at 30 s, and was told, at 35 s."""

FILES = {
    "accounts": """
accounts:
  - {name: prod, region: cn-north-4, project_id: p-1, auth: {token: "canary-4711"}, discover: {}}
""",
    "rules": """
rules:
  - {name: abnormal, when: abnormal > 0, severity: critical, for: 20s, keep_firing_for: 20s, flapping: false}
""",
    "telling": """
receivers: [{name: ops, dingtalk: {webhook: "http://127.0.0.1:9/robot/send?access_token=canary-4711"}}]
route: {receiver: ops, group_by: [instance], group_wait: 5s, group_interval: 15s, repeat_interval: 60s}
""",
}
"""A policy with every timer: two groups speak of two instances, to a chat whose limits are kept."""

RELOADED = {
    "rules": FILES["rules"].replace("abnormal > 0", "abnormal >= 1"),
    "telling": FILES["telling"].replace("repeat_interval: 60s", "repeat_interval: 50s"),
}


@dataclass(frozen=True, slots=True)
class Scene:
    """One story, from second `begins` to `ends`. `abnormal` gives the broken tasks of both instances from a second on;
    at the second `acts_at` somebody does what the scene is called."""

    name: str
    begins: int
    ends: int
    abnormal: tuple[tuple[int, int], ...]
    acts_at: int | None = None

    def broken(self, second: int) -> int:
        """How many tasks of each instance are abnormal then."""
        return [count for since, count in self.abnormal if since <= second][-1]


BREAKS = ((0, 0), (10, 2))
"""Two tasks of each instance break at 10 s, and stay so."""
RECOVERS = (*BREAKS, (110, 0))

SCENES = {
    one.name: one
    for one in (
        Scene("firing", 0, 60, BREAKS),
        Scene("resolved", TOLD, 100, (*BREAKS, (60, 0))),
        Scene("repeat", TOLD, 110, BREAKS),
        Scene("ack", TOLD, 145, RECOVERS, acts_at=42),
        Scene("silence", 0, 95, BREAKS, acts_at=5),
        Scene("reload", TOLD, 100, BREAKS, acts_at=42),
    )
}
SILENCED_UNTIL = 70
"""When the silence of its scene ends."""
