"""Every way in which a poll can go wrong, from the socket to the alert; docs/faults.md is what is seen here."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fault_page import others, page
from fault_stages import NETWORK, ODD, Scene
from fault_stories import AFTER, BEFORE, FIRST, LAST, LATER, MENDED_AT, SPOILT_AT, Story, play
from pydantic import SecretStr

from monitor.clock import now
from monitor.errors import Unreachable
from monitor.fdi.account import Account, Aksk, Discover
from monitor.fdi.cloud import Cloud
from monitor.fdi.gate import REST
from monitor.fdi.wire import make_session
from monitor.model import Failure, FailureKind, Sample, State
from monitor.simulator import KINDS, Simulator

PAGE = Path(__file__).parents[3] / "docs" / "faults.md"
WRITE = "FDI_WRITE_DOCS"

PASSWORD = ("400-token", "401", "401-stale", "clock-skew", "token-death")
"""Faults that a password meets otherwise than an access key."""

FAULTS = (
    *(Scene(kind) for kind in sorted(KINDS)),
    *(Scene(kind, password=True) for kind in PASSWORD),
    *(Scene(kind) for kind in NETWORK),
)
LOOKS_WRONG = tuple(Scene(kind) for kind in ODD)
HARMLESS = {Scene("short-list"), Scene("token-death"), *(Scene(kind, True) for kind in ("clock-skew", "token-death"))}
"""What leaves the counts of an instance alone, or is healed by a new token."""

MUTE = {
    Scene("hang"),
    Scene("reset"),
    *(Scene(kind) for kind in ("unknown host", "connection refused", "no HTTP", "closed without an answer")),
}
"""Nothing comes that could bear a request id."""
UNHEARD = {Scene("drip"), Scene("content length too small")}
"""The head of the answer bears one, but the call ends before aiohttp hands the head over, or by a time-out."""


@pytest.fixture(scope="module")
def stories() -> Iterator[dict[Scene, Story]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("no_proxy", "*")
        yield play((*FAULTS, *LOOKS_WRONG))


every_fault = pytest.mark.parametrize("scene", FAULTS, ids=str)


@every_fault
def test_no_fault_brings_a_false_all_clear(stories: dict[Scene, Story], scene: Scene) -> None:
    story = stories[scene]
    for moment in (BEFORE, FIRST, LATER):
        assert story.state("abnormal", moment) is State.FIRING
    for moment in (AFTER, LAST):
        sample = story.polls[moment].sample
        assert story.state("abnormal", moment) is (State.RESOLVED if sample.up else State.FIRING)
        if sample.up:
            assert abnormal(sample) == 0
    assert story.polls[LAST].sample.up, "it goes on by itself when the fault is over"


@every_fault
def test_a_failed_poll_has_no_counts_and_a_good_one_the_true_ones(stories: dict[Scene, Story], scene: Scene) -> None:
    for moment, poll in stories[scene].polls.items():
        if poll.sample.failure is not None:
            assert moment > SPOILT_AT
            assert (poll.sample.common, poll.sample.cdc) == (None, None)
        else:
            assert abnormal(poll.sample) == (3 if moment < MENDED_AT else 0)
    assert all(stories[scene].polls[moment].sample.up is (scene in HARMLESS) for moment in (FIRST, LATER))


@every_fault
def test_a_silence_is_heard_of_in_time_and_until_the_first_good_poll(stories: dict[Scene, Story], scene: Scene) -> None:
    story = stories[scene]
    assert story.state("unreachable", FIRST) is State.NONE
    assert story.state("unreachable", LATER) is (State.NONE if scene in HARMLESS else State.FIRING)
    for moment in (AFTER, LAST):
        silent = not story.polls[moment].sample.up
        assert story.state("unreachable", moment).fires is silent


@every_fault
def test_no_fault_makes_counts_suspicious(stories: dict[Scene, Story], scene: Scene) -> None:
    assert {stories[scene].state("suspicious", moment) for moment in stories[scene].polls} == {State.NONE}


@every_fault
def test_the_request_id_comes_through_where_there_is_one(stories: dict[Scene, Story], scene: Scene) -> None:
    for failure in failures(stories[scene]):
        if scene in MUTE | UNHEARD:
            assert failure.request_id == ""
        else:
            assert re.fullmatch("r-raw" if scene.fault in NETWORK else "00000001[0-9a-f]{24}", failure.request_id)


@every_fault
def test_no_reason_shows_a_secret(stories: dict[Scene, Story], scene: Scene) -> None:
    story = stories[scene]
    assert all(len(secret) > 8 for secret in story.secrets)
    for failure in failures(story):
        assert failure.reason
        assert [secret for secret in story.secrets if secret[:9] in failure.reason] == []


def test_every_kind_of_failure_is_among_them(stories: dict[Scene, Story]) -> None:
    assert {story.failure.kind for story in stories.values() if story.failure} == set(FailureKind)


def test_refused_credentials_let_the_whole_account_rest_after_two_requests(stories: dict[Scene, Story]) -> None:
    told = of_kind(stories, FailureKind.AUTH)
    assert {"401", "401-locked", "400-token with a password"} <= {str(story.scene) for story in told}
    for story in told:
        assert timedelta(seconds=LATER - FIRST) < timedelta(seconds=REST) < timedelta(seconds=LAST - FIRST)
        under_rest = [story.polls[moment] for moment in (FIRST, LATER, AFTER)]
        assert 1 <= sum(poll.requests + poll.neighbour_requests for poll in under_rest) <= 2, story.scene
        assert sum(poll.logins for poll in under_rest) <= story.scene.password
        assert not any(poll.sample.up or poll.neighbour.up for poll in under_rest)
        assert others(story) == "rest"
        assert story.polls[LAST].neighbour.up


def test_locked_credentials_are_not_tried_a_second_time(stories: dict[Scene, Story]) -> None:
    assert stories[Scene("401-locked")].polls[FIRST].requests == 1


def test_a_throttled_account_waits_as_long_as_it_is_asked_to(stories: dict[Scene, Story]) -> None:
    told = of_kind(stories, FailureKind.THROTTLED)
    assert [story.scene.fault for story in told] == ["429", "429-retry-after"]
    for story in told:
        for moment in (FIRST, LATER):
            poll = story.polls[moment]
            assert (poll.requests, poll.neighbour_requests, poll.neighbour.up) == (1, 1, True)
            assert poll.waited == pytest.approx(1, abs=0.1)


@every_fault
def test_any_other_fault_of_an_instance_costs_its_neighbour_nothing(stories: dict[Scene, Story], scene: Scene) -> None:
    story = stories[scene]
    if story.failure and story.failure.kind in (FailureKind.AUTH, FailureKind.THROTTLED):
        assert others(story) != "polled"
    else:
        assert others(story) == ("fail too" if scene.fault in ("unknown host", "connection refused") else "polled")


def test_a_dead_token_is_replaced_before_anybody_notices(stories: dict[Scene, Story]) -> None:
    first = stories[Scene("token-death", password=True)].polls[FIRST]
    assert (first.sample.up, first.requests, first.logins) == (True, 2, 1)


@pytest.mark.parametrize("scene", LOOKS_WRONG, ids=str)
def test_counts_that_look_wrong_are_told_until_they_move_again(stories: dict[Scene, Story], scene: Scene) -> None:
    story = stories[scene]
    assert all(poll.sample.up for poll in story.polls.values())
    assert [story.state("suspicious", moment) for moment in (BEFORE, FIRST, LATER, AFTER)] == [
        State.NONE,
        State.FIRING,
        State.FIRING,
        State.RESOLVED,
    ]
    assert [story.state("guarded", moment) for moment in (BEFORE, FIRST, LATER, AFTER)] == [
        State.FIRING,
        State.FIRING,
        State.FIRING,
        State.RESOLVED,
    ]


async def test_an_instance_list_that_is_cut_short_is_an_error_and_not_fewer_instances() -> None:
    async with Simulator() as sim, make_session() as session:
        known = sim.credentials
        keys = Aksk(known.access_key, SecretStr(known.secret_key))
        discover = Discover(timedelta(minutes=10))
        account = Account("prod", known.url, known.url, keys, project_id=known.project_id, discover=discover)
        cloud = Cloud(account, session, now)
        sim.cloud.add_fault({"instance": "instances", "kind": "short-list"})
        with pytest.raises(Unreachable, match="cut short: 19 of 20 came"):
            await cloud.instances()
        sim.cloud.faults.clear()
        assert len(await cloud.instances()) == 20


def test_the_page_tells_what_happens(stories: dict[Scene, Story]) -> None:
    written = page(stories.values())
    if os.environ.get(WRITE) == "1":
        PAGE.write_text(written, encoding="utf-8")
    told = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    assert told.splitlines() == written.splitlines(), f"look at the difference; {WRITE}=1 writes docs/faults.md anew"


def abnormal(sample: Sample) -> int | None:
    if sample.common is None or sample.cdc is None:
        return None
    return sample.common.abnormal + sample.cdc.abnormal


def failures(story: Story) -> list[Failure]:
    return [poll.sample.failure for poll in story.polls.values() if poll.sample.failure is not None]


def of_kind(stories: dict[Scene, Story], kind: FailureKind) -> list[Story]:
    return [story for story in stories.values() if story.failure is not None and story.failure.kind is kind]
