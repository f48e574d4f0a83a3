"""A stretch of history becomes a file that loads, and a test that passes as it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from policy_folders import RULES, TELLING, folder

from monitor.model import Counts, Failure, FailureKind, Instance, Run
from monitor.policy.loader import load
from monitor.policy.policy import Policy
from monitor.policy.recording import Recording, record, written
from monitor.rules.past import past_of
from monitor.rules.suite import Suite
from monitor.textfault import TextFault

START = datetime(2026, 1, 5, 2, 0, 0, 250_000, tzinfo=UTC)
STEP = timedelta(seconds=30, milliseconds=2)
LOST = Failure(FailureKind.TIMEOUT, "no answer")
LABELS = '{env: "prod", region: "cn-north-4", project_id: "p-1", instance_id: "id-1"}'
ORDERS = Instance("prod", "id-1", '订单 ${HOME} "a"', "cn-north-4", "p-1", {"env": "prod"})


def run(first: int, polls: int, cdc: int | None, *, every: timedelta = STEP) -> Run:
    start = START + first * STEP
    end = start + (polls - 1) * every
    return Run(start, end, polls, failure=LOST) if cdc is None else Run(start, end, polls, Counts(5), Counts(2, cdc))


def suite(policy: Policy) -> Suite:
    return Suite(policy.rules, policy.route, {one.name: one.language for one in policy.receivers})


def recorded(where: Path, *runs: Run, rules: str = RULES) -> tuple[Recording, str]:
    policy = load(folder(where, TELLING + rules), {}, doors=False)
    past = past_of(ORDERS, first_at=START, runs=runs, good=None, since=START, until=START + timedelta(days=900))
    found = record(past, suite(policy), zone=UTC)
    return found, written(found, zone=UTC)


def passes(where: Path, text: str, rules: str = RULES) -> None:
    policy = load(folder(where, TELLING + rules, recorded=text), {}, doors=False)
    [case] = policy.cases
    assert case.instances[0].name == ORDERS.name
    assert suite(policy).play(case).failures == ()


def test_it_reads_as_people_write_tests_and_passes(tmp_path: Path) -> None:
    _, text = recorded(tmp_path, run(0, 4, 0), run(4, 6, 3), run(10, 1, None), run(11, 40, 0))
    assert text.splitlines()[1:] == [
        '  - name: "订单 $${HOME} \\"a\\", recorded from 2026-01-05 02:00:00 +00:00 to 2026-01-05 02:25:00 +00:00"',
        "    start: 2026-01-05T02:00:00+00:00",
        '    instance: {name: "订单 $${HOME} \\"a\\"", account: "prod", labels: ' + LABELS + "}",
        "    every: 30s",
        "    series:",
        '      common.running: "5x10 _ 5x40"',
        '      cdc.running: "2x10 _ 2x40"',
        '      cdc.abnormal: "0x4 3x6 _ 0x40"',
        "    expect:",
        "      - {at: 0s, alerts: [], pending: []}",
        '      - {at: 2m, alerts: [{alertname: "cdc", severity: "critical"}], pending: []}',
        "      - {at: 5m30s, alerts: [], pending: []}",
        "    messages:",
        '      - {at: 2m10s, receiver: "ops-chat", contains: "[FIRING critical] cdc · prod · 订单 $${HOME} \\"a\\""}',
        '      - {at: 5m40s, receiver: "ops-chat", contains: "[RESOLVED] cdc · prod · 订单 $${HOME} \\"a\\""}',
    ]
    passes(tmp_path, text)


def test_quiet_history_expects_that_nothing_happens(tmp_path: Path) -> None:
    _, text = recorded(tmp_path, run(0, 4, 0))
    assert text.splitlines()[-2:] == ["      - {at: 0s, alerts: [], pending: []}", "    messages: []"]
    passes(tmp_path, text)


def test_failing_instances_are_polled_more_rarely_and_their_time_is_kept(tmp_path: Path) -> None:
    rules = "rules: [{name: lost, when: up == 0 and age > 3m, severity: critical}]"
    _, text = recorded(tmp_path, run(0, 4, 0), run(4, 3, None, every=STEP * 4), run(14, 5, 0), rules=rules)
    assert 'common.running: "5x4 _x10 5x5"' in text
    passes(tmp_path, text, rules)


def test_a_time_in_which_nothing_was_polled_is_left_out_and_told(tmp_path: Path) -> None:
    found, text = recorded(tmp_path, run(0, 4, 0), run(500, 5, 1))
    assert [(b - a) // STEP for a, b in found.gaps] == [497]
    assert text.splitlines()[0] == "# no polls from 2026-01-05 02:01:30 +00:00 to 2026-01-05 06:10:01 +00:00: left out"
    assert 'cdc.abnormal: "0x4 1x5"' in text
    passes(tmp_path, text)


def test_rules_for_regions_and_labels_see_them_in_the_test_too(tmp_path: Path) -> None:
    match = """match: 'region="cn-north-4", instance_id="id-1", env="prod"'"""
    rules = f"rules: [{{name: here, when: cdc.abnormal > 0, severity: info, {match}}}]"
    _, text = recorded(tmp_path, run(0, 4, 1), rules=rules)
    assert '{alertname: "here", severity: "info"}' in text
    passes(tmp_path, text, rules)


def test_what_is_too_long_for_a_test_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TextFault, match="a test has at most 100,000, so choose a shorter time"):
        recorded(tmp_path, run(0, 100_001, 0))
