"""One alert for many instances, through silence and a kill."""

from __future__ import annotations

from pathlib import Path

from service import service
from setting import policy
from stage import story
from waiting import still, want
from world import cloud

MANY = {
    "name": "many-instances-hit",
    "by": ["account"],
    "when": "count(abnormal > 0) >= 2",
    "severity": "critical",
    "summary": "{{ value }} instances of {{ account }} have abnormal tasks",
}


@story
async def test_a_group_is_one_alert_that_neither_silence_nor_a_kill_ends(folder: Path) -> None:
    async with cloud(instances=3) as world, service(folder, world, policy(world, rules=[MANY])) as run:
        world.breaks("orders", common=1)
        await world.polled_again("orders")
        assert world.tries("hook") == []
        world.breaks("invoices", common=2)
        [fired] = await want("it is said", lambda: world.said("hook", "firing"))
        [alert] = fired.alerts
        assert alert["labels"] == {"alertname": "many-instances-hit", "account": "prod", "severity": "critical"}
        assert alert["annotations"]["summary"] == "2 instances of prod have abnormal tasks"
        await want("it is written down", lambda: run.log("message delivered"))

        world.answers("orders", "503")
        await want("orders is silent", lambda: run.log("instance cannot be polled"))
        await run.end("SIGKILL")
        await run.start()
        await world.polled_again("invoices")
        assert len(world.tries("hook")) == 1, "nothing is said to be well, and nothing again"
        assert await run.counts(1, "ALERTS", alertstate="firing", alertname="many-instances-hit")

        world.recovers("invoices")
        await want("its end is said", lambda: world.said("hook", "resolved"))
        await still("once", lambda: len(world.tries("hook")) == 2)
