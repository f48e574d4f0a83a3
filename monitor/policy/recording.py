"""A stretch of history as a test of the rules, written as the files write it. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from itertools import groupby

from monitor import durations
from monitor.model import KINDS, STATUSES, Alert, Counts, Labels, Run, State
from monitor.policy.cases import EVERY
from monitor.policy.series import LONGEST
from monitor.rules.case import Case, CaseInstance, ExpectAlerts, ExpectMessage
from monitor.rules.past import Past, spacing
from monitor.rules.suite import Suite
from monitor.textfault import TextFault
from monitor.writing import moment

_SECOND = timedelta(seconds=1)
_FAR = 3
"""So many times its spacing without a poll, and the service was not there."""


@dataclass(frozen=True, slots=True)
class Recording:
    """The test, what it expects filled in, and the times in which nothing was polled: the test leaves them out."""

    case: Case
    gaps: tuple[tuple[datetime, datetime], ...]


def record(past: Past, suite: Suite, *, zone: tzinfo) -> Recording:
    """The instance's runs as a test that passes under the rules of `suite`. TextFault where it is too long."""
    every = _pace(past.runs)
    polls, gaps = _polls(past.runs, every)
    if len(polls) > LONGEST:
        raise TextFault(f"{len(polls):,} polls: a test has at most {LONGEST:,}, so choose a shorter time")
    start, end = past.runs[0].start, past.runs[-1].end
    instance = CaseInstance(past.instance.name, past.instance.account, _labels(past), _series(polls))
    name = f"{past.instance.name}, recorded from {moment(start, zone)} to {moment(end, zone)}"
    case = Case(name, "", 0, start.replace(microsecond=0), every, (instance,))
    return Recording(_expecting(case, suite), gaps)


def _pace(runs: Sequence[Run]) -> timedelta:
    """The time between two polls where most of them were good, in whole seconds."""
    longest = max(runs, key=lambda run: (run.failure is None, run.polls))
    return max(_SECOND, round(spacing(longest) / _SECOND) * _SECOND) if longest.polls > 1 else EVERY


def _polls(runs: Sequence[Run], every: timedelta) -> tuple[list[Run], tuple[tuple[datetime, datetime], ...]]:
    """The run that each poll of the test shows. Failing instances are polled more rarely, so it is the time that
    counts: a run lasts until the next one begins, and at least for one poll."""
    polls: list[Run] = []
    gaps: list[tuple[datetime, datetime]] = []
    for run, following in zip(runs, [*runs[1:], None], strict=True):
        until = following.start if following is not None else run.end + every
        near = max(every, spacing(run), spacing(following) if following is not None else every)
        if until - run.end > _FAR * near:
            gaps.append((run.end, until))
            until = run.end + every
        polls += [run] * max(1, round((until - run.start) / every))
    return polls, tuple(gaps)


def _labels(past: Past) -> Labels:
    one = past.instance
    own = {"region": one.region, "project_id": one.project_id, "instance_id": one.id if one.id != one.name else ""}
    return {**one.labels, **{name: value for name, value in own.items() if value}}


def _series(polls: Sequence[Run]) -> tuple[tuple[str, tuple[int | None, ...]], ...]:
    """Every count that was ever more than 0; one at least, for the length and the failed polls."""
    found = []
    for kind in KINDS:
        for place, status in enumerate(STATUSES):
            seen: list[Counts | None] = [run.common if kind == "common" else run.cdc for run in polls]
            found.append((f"{kind}.{status}", tuple(None if one is None else one[place] for one in seen)))
    return tuple(one for one in found if any(one[1])) or (found[0],)


def _expecting(case: Case, suite: Suite) -> Case:
    """The case with what the rules make of it: the alerts whenever they change, and every message."""
    seen = suite.watch(case)
    expect: list[ExpectAlerts] = []
    last: tuple[tuple[Labels, ...], tuple[Labels, ...]] | None = None
    for at, alerts in seen.moments.items():
        now = _named(alerts, fires=True), _named(alerts, fires=False)
        if now != last:
            expect.append(ExpectAlerts(at - case.start, 0, *now))
            last = now
    messages = tuple(
        ExpectMessage(one.at - case.start, 0, one.receiver, suite.text(one).splitlines()[0]) for one in seen.said
    )
    return replace(case, expect=tuple(expect), messages=messages)


def _named(alerts: Sequence[Alert], *, fires: bool) -> tuple[Labels, ...]:
    chosen = [one for one in alerts if one.state.fires is fires and one.state is not State.RESOLVED]
    named = [{"alertname": one.rule, "severity": str(one.severity)} for one in chosen]
    return tuple(sorted(named, key=lambda labels: labels["alertname"]))


def written(recording: Recording, *, zone: tzinfo) -> str:
    """The test as a file of the policy."""
    case = recording.case
    [one] = case.instances
    lines = [f"# no polls from {moment(a, zone)} to {moment(b, zone)}: left out" for a, b in recording.gaps]
    labels = f", labels: {_mapping(one.labels)}" if one.labels else ""
    lines += [
        "tests:",
        f"  - name: {_text(case.name)}",
        f"    start: {case.start.astimezone(zone).isoformat()}",
        f"    instance: {{name: {_text(one.name)}, account: {_text(one.account)}{labels}}}",
        f"    every: {durations.show(case.every)}",
        "    series:",
        *(f'      {name}: "{_steps(values)}"' for name, values in one.series),
        "    expect:",
    ]
    lines += [
        f"      - {{at: {durations.show(expected.at)}, alerts: {_list(expected.alerts)},"
        f" pending: {_list(expected.pending)}}}"
        for expected in case.expect
    ]
    if not case.messages:
        lines.append("    messages: []")
    else:
        lines.append("    messages:")
    for said in case.messages or ():
        where = f"at: {durations.show(said.at)}, receiver: {_text(said.receiver)}"
        lines.append(f"      - {{{where}, contains: {_text(said.contains)}}}")
    return "\n".join(lines) + "\n"


def _steps(values: Sequence[int | None]) -> str:
    words = []
    for value, times in ((value, len(list(same))) for value, same in groupby(values)):
        word = "_" if value is None else str(value)
        words.append(word if times == 1 else f"{word}x{times}")
    return " ".join(words)


def _list(alerts: Sequence[Labels] | None) -> str:
    return "[" + ", ".join(_mapping(labels) for labels in alerts or ()) + "]"


def _mapping(labels: Labels) -> str:
    return "{" + ", ".join(f"{name}: {_text(value)}" for name, value in labels.items()) + "}"


def _text(text: str) -> str:
    """Between quotes, so that it is never anything but a text; a `$` of its own is no reference."""
    return json.dumps(text, ensure_ascii=not text.isprintable()).replace("$", "$$")
