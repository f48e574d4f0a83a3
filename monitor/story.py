"""Why people heard of an alert, or did not: the chain from the sample to each delivery, as facts in order. Pure.

It only tells what was recorded. The texts hold no moments: each fact has its own, which is shown in the reader's zone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from monitor import durations
from monitor.audit import Entry
from monitor.chain import Delivery, Evidence, Fact, Stage, Story
from monitor.group import Group
from monitor.ledger import Line
from monitor.model import Alert, Cause, Run, State, Transition, Truth
from monitor.quieting import Why
from monitor.rules.inquest import Inquest, Ruling
from monitor.scene import Quiet
from monitor.wording import ENGLISH
from monitor.writing import number


def of_alert(found: Evidence) -> Story:
    """The whole chain of one alert."""
    alert = found.alert
    ruling = next((one for one in found.inquest.rulings if one.rule == alert.rule), None) if found.inquest else None
    facts = (
        *(_sample(found.inquest.run, found.inquest) if found.inquest else _recorded(alert)),
        *_rule(alert, ruling),
        *(_step(step) for step in found.steps),
        *_timers(alert, ruling, found.at),
        *_quiet(found),
        *(_act(one) for one in found.acts),
        *(_group(group, verdict, alert, found.at) for group, verdict in found.groups),
        *(_line(line) for line in found.lines),
        *(_delivery(one) for one in found.deliveries),
    )
    where = alert.labels.get("instance") or alert.labels.get("account", "")
    subject = " · ".join(filter(None, (alert.labels.get("alertname", alert.rule), where)))
    return Story(subject, found.at, _answer(found), facts, alert.key, alert.all_labels)


def of_instance(inquest: Inquest, alerts: Sequence[Alert], at: datetime) -> Story:
    """Each rule of an instance with its numbers, and what is missing for a message."""
    by_rule = {alert.rule: alert for alert in alerts}
    facts = list(_sample(inquest.run, inquest))
    for ruling in inquest.rulings:
        alert = by_rule.get(ruling.rule)
        facts += [*_stages(ruling), Fact(Stage.RULE, _missing(ruling, alert, at), name=ruling.rule)]
    facts += [
        Fact(Stage.RULE, "judges this instance together with others; ask for the alert itself", name=name)
        for name in inquest.grouped
    ]
    moving = [alert for alert in alerts if alert.state is not State.RESOLVED]
    firing = [alert.rule for alert in moving if alert.state.fires]
    waiting = [alert.rule for alert in moving if not alert.state.fires]
    if not inquest.rulings and not inquest.grouped:
        answer = "no rule is for this instance, so nothing can be said of it"
    elif firing or waiting:
        told = [f"{', '.join(names)} {word}" for names, word in ((firing, "fires"), (waiting, "waits")) if names]
        answer = "; ".join(told) + ": who was told, or why nobody was, follows"
    else:
        answer = "no message, because none of its rules is breached"
    where = " · ".join((inquest.instance.account, inquest.instance.name))
    return Story(where, at, answer, tuple(facts))


def _sample(run: Run, inquest: Inquest) -> Iterator[Fact]:
    if run.failure is not None:
        text = f"poll failed ({run.failure.kind}, {inquest.failures} in a row): {run.failure.reason}"
        yield Fact(Stage.SAMPLE, f"{text}. The counts are unknown: nothing can resolve", run.end)
        return
    kinds = [(name, counts) for name, counts in (("common", run.common), ("cdc", run.cdc)) if counts is not None]
    counted = ["; ".join(f"{kind}: " + ", ".join(f"{n} {s}" for s, n in c._asdict().items()) for kind, c in kinds)]
    yield Fact(Stage.SAMPLE, f"{counted[0]}. Seen by {run.polls} polls in a row", run.end)


def _recorded(alert: Alert) -> Iterator[Fact]:
    if alert.values:
        shown = ", ".join(f"{name} {number(value)}" for name, value in sorted(alert.values.items()))
        yield Fact(Stage.SAMPLE, f"recorded with it: {shown}", alert.values_at)


def _rule(alert: Alert, ruling: Ruling | None) -> Iterator[Fact]:
    if alert.source is not None:
        leads = f"; {alert.source} raised it" if alert.source else ""
        yield Fact(Stage.RULE, f"posted by another system, which says when it ends{leads}", name=alert.rule)
        return
    if ruling is None:
        text = f"version {alert.rule_version}; its conditions are not judged here: it is about no single instance, or "
        yield Fact(Stage.RULE, text + "the policy has no such rule for it any more", name=alert.rule)
        return
    if ruling.version != alert.rule_version:
        text = f"judged by version {alert.rule_version} then; what follows is what version {ruling.version} says"
        yield Fact(Stage.RULE, text, name=alert.rule)
    yield from _stages(ruling)
    if ruling.clear and alert.state.fires:
        yield Fact(Stage.RULE, f"ends when {ruling.clear}", name=ruling.rule)


def _stages(ruling: Ruling) -> Iterator[Fact]:
    for severity, filled in ruling.stages:
        yield Fact(Stage.RULE, f"{severity} when {filled}", name=ruling.rule)


def _missing(ruling: Ruling, alert: Alert | None, at: datetime) -> str:
    """Where an instance's rule stands, and what it lacks to be heard of."""
    if alert is not None and alert.state is not State.RESOLVED:
        held = ENGLISH.span(at - alert.since)
        if alert.state.fires:
            return f"fires as {alert.severity}, for {held} (alert {alert.key})"
        left = ENGLISH.span(alert.since + ruling.hold - at)
        return f"breached for {held} of the {durations.show(ruling.hold)} it has to hold: {left} are missing"
    if ruling.truth is Truth.UNKNOWN:
        return "unknown: a number it needs is missing, and what is unknown moves nothing"
    if ruling.truth is Truth.CLEAR:
        return "quiet: no condition holds"
    return f"breached as {ruling.severity} by the last sample, not recorded as an alert yet"


_CAUSES = {
    Cause.ENDED: "whoever posted it says that it is over",
    Cause.TIMED_OUT: "whoever posted it says nothing of it any more",
    Cause.RULE_CHANGED: "its rule was changed: judged by version {version} from here on",
    Cause.RULE_REMOVED: "its rule was removed",
    Cause.RULE_UNMATCHED: "its rule no longer watches it",
    Cause.INSTANCE_REMOVED: "its instance was removed",
    Cause.ACCOUNT_REMOVED: "its account was removed",
}


def _step(step: Transition) -> Fact:
    moved = f"{step.before} → {step.after}" if step.before is not step.after else str(step.after)
    cause = _CAUSES.get(step.cause, "{cause}").format(version=step.rule_version, cause=step.cause)
    numbers = ", ".join(f"{name} {number(value)}" for name, value in step.values.items() if "." in name and value)
    seen = f" ({numbers})" if numbers else ""
    return Fact(Stage.STEP, f"{moved} as {step.severity}: {cause}{seen}; rule version {step.rule_version}", step.at)


def _timers(alert: Alert, ruling: Ruling | None, at: datetime) -> Iterator[Fact]:
    if alert.state in (State.NONE, State.RESOLVED):
        return
    yield Fact(Stage.TIMER, f"breached since then, for {ENGLISH.span(at - alert.since)}", alert.since)
    if ruling is None:
        return
    if alert.state is State.PENDING:
        due = alert.since + ruling.hold
        yield Fact(Stage.TIMER, f"fires then if it stays so: it has to hold for {durations.show(ruling.hold)}", due)
    elif alert.state is State.CLEARING:
        due = alert.state_since + ruling.keep
        yield Fact(Stage.TIMER, f"resolves then if it stays so: kept firing for {durations.show(ruling.keep)}", due)


def _quiet(found: Evidence) -> Iterator[Fact]:
    quiet = found.suppressed
    yield from (Fact(Stage.QUIET, f"silenced by silence {name}", name="silence") for name in quiet.silenced_by)
    yield from (Fact(Stage.QUIET, f"inhibited while alert {key} fires", name="inhibit") for key in quiet.inhibited_by)
    yield from (Fact(Stage.QUIET, f"in maintenance: window {name}", name="maintenance") for name in quiet.muted_by)
    if found.ack is not None:
        said = f": {found.ack.comment}" if found.ack.comment else ""
        yield Fact(Stage.QUIET, f"acknowledged by {found.ack.owner}{said}", found.ack.at, "acknowledged")
    if any(found.alert.key in group.flapped for group, _ in found.groups):
        yield Fact(Stage.QUIET, "flapping: not told again until it stands still", name="flapping")


def _act(one: Entry) -> Fact:
    return Fact(Stage.ACT, one.what, one.at, one.who)


def _group(group: Group, verdict: str, alert: Alert, at: datetime) -> Fact:
    held = group.held.get(alert.key)
    kept = f"; this alert is held back: {held.why}" + (f" by {held.by}" if held.by else "") if held else ""
    text = f"group {group.key}, version {group.version}, last decision {verdict}{kept}"
    if group.look_at is None:
        return Fact(Stage.GROUP, f"{text}; speaks again only after a change", group.spoke_at, group.receiver)
    return Fact(
        Stage.GROUP,
        f"{text}; decides again in {ENGLISH.span(group.look_at - at)}",
        group.look_at,
        group.receiver,
    )


def _line(line: Line) -> Fact:
    because = f" by {line.because}" if line.because else ""
    what = f"told ({line.reason}) in message {line.message}" if line.message else f"not told: {line.reason}{because}"
    return Fact(Stage.DECISION, f"{what}; its group {line.group_key} decided {line.verdict}", line.at, line.receiver)


def _delivery(one: Delivery) -> Fact:
    said = f": {one.reason}" if one.reason else ""
    tries = f"{one.attempts} attempt{'' if one.attempts == 1 else 's'}"
    verdict = f", {one.verdict}{said}" if one.verdict else ""
    text = f"message {one.id} by {one.kind}: {one.state} after {tries}{verdict}"
    return Fact(Stage.DELIVERY, text, one.settled_at or one.tried_at or one.created_at, one.receiver)


def _answer(found: Evidence) -> str:
    """The last link that holds, in one sentence."""
    sent = [one for one in found.deliveries if one.state == "sent"]
    stuck = [one for one in found.deliveries if one.state == "waiting"]
    if found.alert.state is State.PENDING:
        return "no message, because it is pending: it has not held for long enough"
    if stuck:
        return f"a message for {stuck[0].receiver} waits: {stuck[0].reason or 'it is on its way'}"
    if sent:
        now = _held_now(found)
        return f"told to {', '.join(dict.fromkeys(one.receiver for one in sent))}" + (f"; now {now}" if now else "")
    if found.deliveries:
        return f"the message was given up: {found.deliveries[-1].reason}"
    if now := _held_now(found):
        return f"no message, because it is {now}"
    last = found.lines[-1] if found.lines else None
    if last is not None and last.reason == Quiet.OVER_BEFORE_SAID:
        return f"no message, because {_until_over(found.lines)}"
    if last is not None and not last.message:
        return f"no message, because its group decided {last.reason}"
    return "no message is recorded: its group has not decided yet, or what it sent is older than what is kept"


def _until_over(lines: Sequence[Line]) -> str:
    """What kept an alert quiet for as long as it fired. `lines` end with that it was over."""
    held = lines[-2] if len(lines) > 1 and lines[-2].reason in set(Why) else None
    if held is None:
        return "it was over before its group had waited long enough to say it"
    return f"it was {held.reason}" + (f" by {held.because}" if held.because else "") + " until it was over"


def _held_now(found: Evidence) -> str:
    return next((fact.text for fact in _quiet(found)), "")
