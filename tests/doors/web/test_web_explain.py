"""Why somebody heard of an alert, or did not: from rows to the API and the page."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from webrows import ILL, WELL, Client, ago, alert, fill, instance, letter, opened, page, run

from monitor.acknowledgement import Ack
from monitor.group import Group
from monitor.ledger import Line
from monitor.matchers import EVERYTHING, parse
from monitor.model import Cause, Severity, State, Transition
from monitor.quieting import Hushed, Why
from monitor.routing import Route
from monitor.rules.quantity import quantity
from monitor.rules.rule import Rule
from monitor.silences import Silence
from monitor.store import acks, alerts, decisions, groups, outbox, silences
from monitor.store.database import Store
from monitor.store.outbox import Standing
from monitor.web.site import Speech

RULE = Rule(
    "tasks-abnormal",
    when="abnormal >= crit",
    clear="abnormal == 0",
    severity=Severity.CRITICAL,
    thresholds={"crit": quantity(2)},
    hold=timedelta(minutes=5),
)
GROWTH = Rule("growth", when="delta(abnormal, 10m) > 5")
MANY = Rule("many", when="sum(abnormal) > 9", by=("account",))
ELSEWHERE = Rule("elsewhere", when="abnormal > 0", match=parse('instance="x"'))
SPEECH = Speech(
    Route("{}", "ops-chat", EVERYTHING, (), timedelta(), timedelta(minutes=1), timedelta(hours=4)),
    ("ops-chat",),
    rules=(RULE, GROWTH, MANY, ELSEWHERE),
)
FIRING = replace(alert(since=500), rule_version=RULE.version, fired_at=ago(200), state_since=ago(200))
GROUP = '{}:{alertname="tasks-abnormal"}'


def step(at: float, before: State, after: State, cause: Cause, version: str = RULE.version) -> Transition:
    values = {"common.abnormal": 2.0, "abnormal": 2.0}
    return Transition(FIRING.key, ago(at), before, after, cause, Severity.CRITICAL, FIRING.rule, version, values)


STEPS = (
    step(500, State.NONE, State.PENDING, Cause.BREACHED, "old"),
    step(300, State.PENDING, State.PENDING, Cause.RULE_CHANGED),
    step(200, State.PENDING, State.FIRING, Cause.HELD),
)


async def told(store: Store) -> None:
    """It fired, one message was refused twice and then taken; now it is silenced, and Wang cares for it."""
    sent = replace(
        letter(FIRING, id="m-1"), state=Standing.SENT, attempts=3, settled_at=ago(90), verdict="delivered", reason=""
    )
    await fill(store, [(instance(), [run(end=510), run(ILL, start=500)])], alert_rows=[FIRING], letters=[sent])
    async with store.write() as tx:
        await alerts.append(tx, STEPS)
        line = Line(ago(100), FIRING.key, GROUP, "ops-chat", "first", "new", message="m-1")
        await decisions.append(tx, [line, replace(line, at=ago(50), reason="silenced", because="s-1", message="")])
        await silences.save(tx, Silence("s-1", parse('instance="orders"'), ago(60), ago(-60), "wang", "", ago(60)))
        await acks.save(tx, Ack(FIRING.key, ago(40), "王", "看着呢", Severity.CRITICAL))
        minute = timedelta(minutes=1)
        held = {FIRING.key: Hushed(Why.SILENCED, "s-1")}
        group = Group(GROUP, "ops-chat", {}, minute, minute, minute, version=1, look_at=ago(-75), held=held)
        [kept] = await groups.add(tx, [group], verdict="silenced")
        await groups.join(tx, {kept.row: [FIRING.key]})


async def stories(client: Client, query: str) -> list[dict[str, Any]]:
    answer = await client.get(f"/api/fdi/v1/explain?{query}")
    assert answer.status == 200, await answer.text()
    found: list[dict[str, Any]] = (await answer.json())["stories"]
    return found


def texts(story: dict[str, Any], stage: str) -> list[str]:
    return [one["text"] for one in story["facts"] if one["stage"] == stage]


async def test_the_chain_goes_from_the_sample_to_each_delivery(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (site, client):
        await told(site.store)
        [story] = await stories(client, f"of={FIRING.key}")
    assert story["answer"] == "told to ops-chat; now silenced by silence s-1"
    assert [one["stage"] for one in story["facts"]] == sorted(
        (one["stage"] for one in story["facts"]),
        key=["sample", "rule", "step", "timer", "quiet", "group", "decision", "delivery"].index,
    )
    assert texts(story, "sample") == [
        (
            "common: 10 running, 2 abnormal, 0 terminated, 40 completed; cdc: 2 running, 1 abnormal, 0 terminated, "
            "0 completed. Seen by 20 polls in a row"
        )
    ]
    assert texts(story, "rule") == ["critical when abnormal 3 >= crit 2", "ends when abnormal 3 == 0"]
    assert texts(story, "step")[1] == (
        f"pending as critical: its rule was changed: judged by version {RULE.version} from here on "
        f"(common.abnormal 2); rule version {RULE.version}"
    )
    assert texts(story, "timer") == ["breached since then, for 8m 20s"]
    assert texts(story, "quiet") == ["silenced by silence s-1", "acknowledged by 王: 看着呢"]
    assert texts(story, "group") == [
        (
            f"group {GROUP}, version 1, last decision silenced; this alert is held back: silenced by s-1; "
            "decides again in 1m 15s"
        )
    ]
    assert texts(story, "decision") == [
        f"told (new) in message m-1; its group {GROUP} decided first",
        f"not told: silenced by s-1; its group {GROUP} decided first",
    ]
    assert texts(story, "delivery") == ["message m-1 by feishu: sent after 3 attempts, delivered"]


async def test_as_of_a_moment_it_is_what_was_so_then(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (site, client):
        await told(site.store)
        [story] = await stories(client, f"of={FIRING.key}&at={ago(400):%Y-%m-%dT%H:%M:%SZ}")
        [before] = await stories(client, f"of={FIRING.key}&at={ago(550):%Y-%m-%dT%H:%M:%SZ}")
    assert story["answer"] == "no message, because it is pending: it has not held for long enough"
    assert len(texts(story, "step")) == 1
    assert texts(story, "rule")[0].startswith("judged by version old then; what follows is what version")
    assert story["facts"][-1]["at"] == "2026-01-05T09:56:40.000Z", "it would have fired five minutes after the breach"
    assert texts(story, "quiet") + texts(story, "group") + texts(story, "delivery") == []
    assert before["answer"] == "it did not exist yet, or its steps of that time are no longer kept"


async def test_an_instance_without_a_message_shows_each_rule_and_what_it_lacks(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (site, client):
        await fill(site.store, [(instance(), [run(WELL)])])
        [story] = await stories(client, "of=orders")
    assert story["answer"] == "no message, because none of its rules is breached"
    assert [(one["name"], one["text"]) for one in story["facts"][1:]] == [
        ("tasks-abnormal", "critical when abnormal 0 >= crit 2"),
        ("tasks-abnormal", "quiet: no condition holds"),
        ("growth", "warning when delta(abnormal, 10m) 0 > 5"),
        ("growth", "quiet: no condition holds"),
        ("many", "judges this instance together with others; ask for the alert itself"),
    ]


async def test_a_pending_rule_says_what_is_missing_and_a_failed_poll_that_nothing_is_known(tmp_path: Path) -> None:
    waiting = step(60, State.NONE, State.PENDING, Cause.BREACHED)
    async with opened(tmp_path, SPEECH) as (site, client):
        seen = [(instance(), [run(ILL, start=60)]), (instance("down"), [run(None, polls=3)])]
        await fill(site.store, seen, alert_rows=[replace(alert(state=State.PENDING, since=60))])
        async with site.store.write() as tx:
            await alerts.append(tx, [waiting])
        [pending, alone], [down] = await stories(client, "of=prod/orders"), await stories(client, "of=down")
        [named] = await stories(client, "of=tasks-abnormal")
    assert "breached for 1m of the 5m it has to hold: 4m are missing" in texts(pending, "rule")
    assert pending["answer"] == "tasks-abnormal waits: who was told, or why nobody was, follows"
    assert (alone["fingerprint"], alone["answer"]) == (FIRING.key, named["answer"])
    assert texts(down, "sample") == [
        "poll failed (timeout, 3 in a row): no answer within 10 s. The counts are unknown: nothing can resolve"
    ]
    assert "critical when abnormal unknown >= crit 2" in texts(down, "rule")
    assert "unknown: a number it needs is missing, and what is unknown moves nothing" in texts(down, "rule")
    assert named["fingerprint"] == FIRING.key


async def test_between_two_runs_the_last_poll_before_the_moment_counts(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (site, client):
        runs = [run(WELL, start=900, end=700), run(None, start=650, end=500, polls=6), run(ILL, start=300)]
        await fill(site.store, [(instance(), runs)])
        [story] = await stories(client, f"of=orders&at={ago(400):%Y-%m-%dT%H:%M:%SZ}")
        [first] = await stories(client, f"of=orders&at={ago(950):%Y-%m-%dT%H:%M:%SZ}")
    assert texts(story, "sample")[0].startswith("poll failed (timeout, 6 in a row)")
    assert first["answer"] == "nothing was sampled by then, or it is no longer kept"


async def test_the_page_shows_the_same_without_scripts_and_the_dashboard_leads_to_it(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (site, client):
        await told(site.store)
        board, shown = await page(client), await page(client, f"/alerts/{FIRING.key}")
        assert (await client.get("/alerts/nothing")).status == 404
        assert (await client.get(f"/alerts/{FIRING.key}?at=x")).status == 400
    assert f'href="alerts/{FIRING.key}"' in board
    assert "told to ops-chat; now silenced by silence s-1" in shown
    assert "critical when abnormal 3 &gt;= crit 2" in shown
    assert re.findall("<script[^>]*>", shown) == ['<script type="module" src="../static/live.js">']
    assert "style=" not in shown


async def test_what_cannot_be_explained_is_told_so(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (_, client):
        for query, status, words in (
            ("of=nothing", 404, "nothing is called nothing: name an alert's fingerprint, an instance, or a rule"),
            ("", 400, "of is missing"),
            ("of=x&at=noon", 400, "at is no moment: write for example"),
            ("of=x&at=2026-01-05T10:00:00", 400, "at has no zone"),
            ("of=x&at=2027-01-05T10:00:00Z", 400, "at is in the future"),
        ):
            answer = await client.get(f"/api/fdi/v1/explain?{query}")
            assert answer.status == status
            assert (await answer.json())["detail"].startswith(words)


async def test_letters_of_all_kinds_under_a_receiver_are_found(tmp_path: Path) -> None:
    name = "0f3a4c5d-6e7f-8091-0f3a-4c5d6e7f8091"
    async with opened(tmp_path, SPEECH) as (site, _):
        both = [letter(FIRING, id=name), replace(letter(FIRING, id=f"{name}.1"), position=1), letter(FIRING, id="m-2")]
        await fill(site.store, letters=both)
        async with site.store.read() as tx:
            assert [one.id for one in await outbox.of_messages(tx, {name})] == [name, f"{name}.1"]


async def test_an_acknowledgement_that_has_ended_is_told_no_more(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (site, client):
        await told(site.store)
        async with site.store.write() as tx:
            await acks.save(tx, Ack(FIRING.key, ago(40), "王", "", Severity.CRITICAL, expires_at=ago(10)))
        [now] = await stories(client, f"of={FIRING.key}")
        [then] = await stories(client, f"of={FIRING.key}&at={ago(20):%Y-%m-%dT%H:%M:%SZ}")
    assert texts(now, "quiet") == ["silenced by silence s-1"]
    assert texts(then, "quiet") == ["silenced by silence s-1", "acknowledged by 王"]


async def test_what_was_kept_quiet_until_it_was_over_says_by_what(tmp_path: Path) -> None:
    over = replace(FIRING, state=State.RESOLVED, resolved_at=ago(30), cause=Cause.CLEARED)
    async with opened(tmp_path, SPEECH) as (site, client):
        await fill(site.store, [(instance(), [run(WELL)])], alert_rows=[over])
        line = Line(ago(30), over.key, GROUP, "ops-chat", "over-before-said", "over-before-said")
        async with site.store.write() as tx:
            await decisions.append(tx, [line])
        [short] = await stories(client, f"of={over.key}")
        async with site.store.write() as tx:
            held = replace(line, at=ago(100), verdict="inhibited", reason="inhibited", because="abcd")
            await decisions.append(tx, [held, line])
        [hushed] = await stories(client, f"of={over.key}")
    assert short["answer"] == "no message, because it was over before its group had waited long enough to say it"
    assert hushed["answer"] == "no message, because it was inhibited by abcd until it was over"
