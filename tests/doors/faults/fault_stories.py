"""What the client and the rules make of a fault: polls before, during and after it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp
from fault_stages import Scene, Stage
from quiet_loop import QuietLoop

from monitor.clock import Clock, virtual
from monitor.fdi.cloud import Cloud
from monitor.fdi.wire import make_session
from monitor.model import Alert, Failure, Sample, State
from monitor.rules.rule import Rule
from monitor.rules.watch import Watch

START = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)

RULES = {
    "abnormal": Rule("abnormal", when="abnormal > 0"),
    "unreachable": Rule("unreachable", when="up == 0 and age > 3m"),
    "suspicious": Rule("suspicious", when="suspicious == 1"),
    "guarded": Rule("guarded", when="abnormal > 0", clear="abnormal == 0 and suspicious == 0"),
}

BEFORE, FIRST, LATER, AFTER, LAST = MOMENTS = (0.0, 30.0, 240.0, 270.0, 335.0)
"""Seconds at which both instances are polled. LAST is five minutes after FIRST, with a little to spare."""

SPOILT_AT, MENDED_AT = 15.0, 255.0


@dataclass(frozen=True)
class Poll:
    """One poll of the instance with the fault, then one of its neighbour, with the requests that arrived for each.

    `logins`: requests for a token. `waited`: seconds for which the neighbour's poll was held back. `alerts` are those
    of the instance with the fault after its sample.
    """

    sample: Sample
    requests: int
    neighbour: Sample
    neighbour_requests: int
    logins: int
    waited: float
    alerts: dict[str, State]


@dataclass(frozen=True)
class Story:
    """A scene as it went: its polls by their moments, and every secret that was in use."""

    scene: Scene
    polls: dict[float, Poll]
    secrets: tuple[str, ...]

    @property
    def failure(self) -> Failure | None:
        """What the first poll under the fault failed with; None if it was good."""
        return self.polls[FIRST].sample.failure

    def state(self, rule: str, moment: float) -> State:
        """The alert of that rule after the poll of that moment."""
        return self.polls[moment].alerts.get(rule, State.NONE)


def play(scenes: Iterable[Scene]) -> dict[Scene, Story]:
    """The stories of all scenes, played at the same time."""
    with asyncio.Runner(loop_factory=QuietLoop) as runner:
        return runner.run(_all(tuple(scenes)))


async def _all(scenes: tuple[Scene, ...]) -> dict[Scene, Story]:
    now = virtual(START, asyncio.get_running_loop())
    stories = await asyncio.gather(*(_story(scene, now) for scene in scenes))
    return dict(zip(scenes, stories, strict=True))


async def _story(scene: Scene, now: Clock) -> Story:
    async with scene.opened(now) as stage, make_session() as session:
        cloud = Cloud(stage.account, session, now)
        watch = Watch(stage.ill, RULES.values(), health=None, history=())
        alerts: dict[str, Alert] = {}
        polls: dict[float, Poll] = {}
        for moment in (BEFORE, SPOILT_AT, FIRST, LATER, MENDED_AT, AFTER, LAST):
            await asyncio.sleep(moment - (now() - START).total_seconds())
            # aiohttp keeps names for ten seconds of real time; here they pass at once
            assert isinstance(session.connector, aiohttp.TCPConnector)
            session.connector.clear_dns_cache()
            if moment == SPOILT_AT:
                await stage.spoil()
            elif moment == MENDED_AT:
                await stage.mend()
            else:
                polls[moment] = await _poll(stage, cloud, watch, alerts)
        return Story(scene, polls, stage.secrets)


async def _poll(stage: Stage, cloud: Cloud, watch: Watch, alerts: dict[str, Alert]) -> Poll:
    before = stage.requests(stage.ill), stage.requests(stage.well), stage.logins()
    sample = await cloud.sample(stage.ill)
    neighbour = await cloud.sample(stage.well)
    _judge(watch, sample, alerts)
    return Poll(
        sample=sample,
        requests=stage.requests(stage.ill) - before[0],
        neighbour=neighbour,
        neighbour_requests=stage.requests(stage.well) - before[1],
        logins=stage.logins() - before[2],
        waited=(neighbour.at - sample.at - neighbour.latency) / timedelta(seconds=1),
        alerts={name: alert.state for name, alert in alerts.items()},
    )


def _judge(watch: Watch, sample: Sample, alerts: dict[str, Alert]) -> None:
    step = watch.step(sample, alerts)
    watch.health = step.health
    for change in step.changes:
        if change.alert is None:
            alerts.pop(change.rule, None)
        else:
            alerts[change.rule] = change.alert
