"""`for` and `keep_firing_for` mean what they mean in Prometheus: both judge the same random series, poll by poll.

promtool is in Debian's package `prometheus`. One run of it judges all cases.
"""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from monitor import durations
from monitor.matchers import EVERYTHING
from monitor.model import Counts, Failure, FailureKind, Instance, Sample, State
from monitor.routing import Route
from monitor.rules.rule import Rule
from monitor.rules.stage import Stage

START = datetime(2026, 1, 1, tzinfo=UTC)
EVERY = timedelta(seconds=30)
POLLS = 60
TIMES = ("0s", "15s", "30s", "40s", "1m", "90s", "2m", "5m")
LOST = None
STATES = {State.PENDING: "pending", State.FIRING: "firing", State.CLEARING: "firing"}
ROUTE = Route("{}", "nobody", EVERYTHING, (), timedelta(), timedelta(minutes=1), timedelta(hours=4))

pytestmark = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is missing: apt-get install prometheus"
)


@dataclass(frozen=True)
class Story:
    """A rule and what the polls show it, None where one fails."""

    name: str
    hold: str
    keep: str
    counts: tuple[int | None, ...]


def ours(story: Story) -> list[str]:
    """The state of the alert after each poll, empty where there is none."""
    rule = Rule(story.name, when="abnormal > 1", hold=durations.parse(story.hold), keep=durations.parse(story.keep))
    instance = Instance("prod", "i", "i")
    stage = Stage([instance], (rule,), ROUTE)
    states = []
    for poll, count in enumerate(story.counts):
        at = START + poll * EVERY
        if count is LOST:
            failure = Failure(FailureKind.TIMEOUT, "no answer")
            stage.take(Sample(instance, at, timedelta(), failure=failure))
        else:
            stage.take(Sample(instance, at, timedelta(), Counts(abnormal=count), Counts()))
        states.append("".join(STATES[alert.state] for alert in stage.alerts()))
    return states


def promtool(where: Path, stories: Sequence[Story], expected: Sequence[Sequence[str]]) -> str:
    """What promtool has against the states expected after each poll; empty where it agrees with all."""
    rules = [
        {
            "alert": story.name,
            "expr": f'abnormal{{story="{story.name}"}} > 1',
            "for": story.hold,
            "keep_firing_for": story.keep,
        }
        for story in stories
    ]
    test = {
        "interval": durations.show(EVERY),
        "input_series": [
            {
                "series": f'abnormal{{story="{story.name}"}}',
                "values": " ".join("stale" if count is LOST else str(count) for count in story.counts),
            }
            for story in stories
        ],
        "promql_expr_test": [
            {
                "expr": "ALERTS",
                "eval_time": durations.show(poll * EVERY),
                "exp_samples": list(_samples(stories, [states[poll] for states in expected])),
            }
            for poll in range(max(len(story.counts) for story in stories))
        ],
    }
    (where / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": rules}]}))
    (where / "test.yaml").write_text(
        yaml.safe_dump({"rule_files": ["rules.yaml"], "evaluation_interval": durations.show(EVERY), "tests": [test]})
    )
    done = subprocess.run(
        ["promtool", "test", "rules", "test.yaml"], cwd=where, capture_output=True, text=True, check=False, timeout=50
    )
    return "" if done.returncode == 0 else (done.stdout + done.stderr)[:4_000]


def _samples(stories: Sequence[Story], states: Sequence[str]) -> Iterator[dict[str, object]]:
    for story, state in zip(stories, states, strict=True):
        if state:
            labels = f'alertname="{story.name}", alertstate="{state}", story="{story.name}"'
            yield {"labels": f"ALERTS{{{labels}}}", "value": 1}


def stories(seed: int, how_many: int) -> list[Story]:
    """Stretches of good and bad polls, some as short as one, some longer than any `for`."""
    dice = random.Random(seed)
    found = []
    for number in range(how_many):
        counts: list[int] = []
        while len(counts) < POLLS:
            counts += [dice.randrange(4)] * dice.choice((1, 1, 2, 3, 5, 12))
        found.append(Story(f"s{number}", dice.choice(TIMES), dice.choice(TIMES), tuple(counts[:POLLS])))
    return found


def test_three_hundred_random_stories_go_as_in_prometheus(tmp_path: Path) -> None:
    all_stories = stories(4711, 300)
    states = [ours(story) for story in all_stories]
    assert {state for each in states for state in each} == {"", "pending", "firing"}
    assert promtool(tmp_path, all_stories, states) == ""


def test_a_difference_of_one_poll_would_be_seen(tmp_path: Path) -> None:
    [story] = stories(4711, 1)
    states = ours(story)
    first = states.index("firing")
    states[first] = "pending"
    assert "pending" in promtool(tmp_path, [story], [states])


def test_a_failed_poll_moves_nothing_here_and_ends_the_alert_in_prometheus(tmp_path: Path) -> None:
    """The one difference, and it is meant: what is unknown is no all-clear. Prometheus takes the absence for one."""
    story = Story("lost", hold="1m", keep="0s", counts=(2, 2, 2, LOST, LOST, 2, 2, 2, 0))
    here = ["pending", "pending", "firing", "firing", "firing", "firing", "firing", "firing", ""]
    there = ["pending", "pending", "firing", "", "", "pending", "pending", "firing", ""]
    assert ours(story) == here
    assert promtool(tmp_path, [story], [there]) == ""


def test_a_failed_poll_does_not_begin_the_time_of_a_pending_alert_anew(tmp_path: Path) -> None:
    story = Story("waits", hold="2m", keep="0s", counts=(2, 2, LOST, 2, 2, 0))
    assert ours(story) == ["pending", "pending", "pending", "pending", "firing", ""]
    assert promtool(tmp_path, [story], [["pending", "pending", "", "pending", "pending", ""]]) == ""


def test_a_failed_poll_is_no_part_of_being_well_but_time_passes_meanwhile(tmp_path: Path) -> None:
    """`keep_firing_for` bridges a short gap in Prometheus too; here the next known poll decides."""
    story = Story("keeps", hold="0s", keep="1m", counts=(2, LOST, 2, 0, LOST, 0, 0))
    assert ours(story) == ["firing", "firing", "firing", "firing", "firing", "", ""]
    assert promtool(tmp_path, [story], [["firing", "firing", "firing", "firing", "firing", "", ""]]) == ""
