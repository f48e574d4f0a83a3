"""Reads what is recorded of alerts and instances, for the story of each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.acknowledgement import Ended
from monitor.audit import Entry
from monitor.chain import Delivery, Evidence, Story, as_of
from monitor.inhibition import Sources
from monitor.model import Alert, Instance, State
from monitor.quieting import Watcher
from monitor.rules.inquest import Inquest, inquire
from monitor.rules.rule import Rule
from monitor.silences import Silence
from monitor.store import acks, alerts, audit, decisions, groups, instances, outbox, pasts, silences
from monitor.store.outbox import Letter
from monitor.story import of_alert, of_instance
from monitor.timewindows import spells
from monitor.web.outlook import find
from monitor.web.site import Speech

MOST = 200
"""Steps, decisions and messages of one alert that are told: the last ones."""
MOST_STORIES = 20


async def stories(tx: AsyncConnection, name: str, speech: Speech, *, at: datetime, past: bool) -> list[Story]:
    """The stories of what `name` means: an alert by its fingerprint, instances by name or id, each with its alerts that
    wait or fire, or a rule's alerts.

    `past`: `at` is not now, so what groups plan is not told. Empty where nothing has that name.
    """
    alert = await find(tx, name)
    if alert is not None:
        return [await _alert(tx, alert, speech, at=at, past=past)]
    named = [one for one in await instances.known(tx) if name in (one.name, one.id, f"{one.account}/{one.name}")]
    if named:
        found: list[Story] = []
        for one in named:
            found += await _instance(tx, one, speech, at=at, past=past) if len(found) < MOST_STORIES else []
        return found[:MOST_STORIES]
    known = [one for one in await alerts.known(tx) if name in (one.rule, one.labels.get("alertname"))]
    known.sort(key=lambda one: (not one.state.fires, -one.state_since.timestamp()))
    return [await _alert(tx, one, speech, at=at, past=past) for one in known[:MOST_STORIES]]


async def _alert(tx: AsyncConnection, alert: Alert, speech: Speech, *, at: datetime, past: bool) -> Story:
    steps = await alerts.steps(tx, alert.key, until=at, most=MOST)
    then = as_of(alert, steps, at) if past else alert
    if then is None:
        words = "it did not exist yet, or its steps of that time are no longer kept"
        return Story(alert.labels.get("alertname", alert.rule), at, words, (), alert.key, alert.all_labels)
    ack = (await acks.of(tx, [alert.key])).get(alert.key)
    lines = (await decisions.about(tx, alert.key, most=MOST, until=at))[::-1]
    letters = await outbox.of_messages(tx, {line.message for line in lines if line.message})
    quiet = spells(speech.quieting.windows, at)
    live = [one for one in await alerts.live(tx) if one.fired_at is not None and one.fired_at <= at]
    watcher = Watcher(speech.quieting, Sources(speech.quieting.inhibit))
    for one in live:
        watcher.sources.saw(one)
    known = await silences.every(tx)
    hiding = [one for one in known if one.starts_at <= at < one.ends_at]
    kept = [] if past else await groups.watching(tx, alert.key)
    return of_alert(
        Evidence(
            at=at,
            alert=then,
            inquest=await _inquest(tx, then, speech.rules, at=at),
            steps=steps,
            suppressed=watcher.suppressed(then, hiding, quiet, at),
            acts=await _acts(tx, then, known, letters, at=at),
            ack=ack if ack is not None and ack.at <= at and ack.ended(then, at) is Ended.NOT else None,
            groups=[(one.group, one.verdict) for one in kept],
            lines=lines,
            deliveries=[_delivery(one) for one in letters if one.created_at <= at],
        )
    )


async def _acts(
    tx: AsyncConnection, alert: Alert, known: Sequence[Silence], letters: Sequence[Letter], *, at: datetime
) -> list[Entry]:
    """What people did about an alert, its messages, and the silences that match it, oldest first."""
    about = {alert.key, *(one.id for one in letters), *(one.id for one in known if one.matches(alert.all_labels))}
    found = await audit.page(tx, most=MOST, about=about)
    return [one for one in reversed(found) if one.at <= at]


async def _instance(
    tx: AsyncConnection, instance: Instance, speech: Speech, *, at: datetime, past: bool
) -> list[Story]:
    known = [one for one in await alerts.known(tx) if one.instance == instance.key]
    mine = await _as_of(tx, known, at) if past else known
    found = await examined(tx, instance, speech.rules, mine, at=at)
    if found is None:
        subject = f"{instance.account} · {instance.name}"
        return [Story(subject, at, "nothing was sampled by then, or it is no longer kept", ())]
    moving = {one.key for one in mine if one.state is not State.RESOLVED}
    told = [await _alert(tx, one, speech, at=at, past=past) for one in known if one.key in moving]
    return [of_instance(found, mine, at), *told]


async def _as_of(tx: AsyncConnection, known: Sequence[Alert], at: datetime) -> list[Alert]:
    """Those alerts that there were at `at`, as they were then."""
    then = [as_of(one, await alerts.steps(tx, one.key, until=at, most=MOST), at) for one in known]
    return [one for one in then if one is not None and one.state is not State.NONE]


async def _inquest(tx: AsyncConnection, alert: Alert, rules: Sequence[Rule], *, at: datetime) -> Inquest | None:
    about = [one for one in await instances.known(tx) if one.key == alert.instance]
    return await examined(tx, about[0], rules, [alert], at=at) if about else None


async def examined(
    tx: AsyncConnection, instance: Instance, rules: Sequence[Rule], mine: Sequence[Alert], *, at: datetime
) -> Inquest | None:
    """What each rule says of an instance at `at`; `mine` are its alerts of that moment. None where nothing was sampled
    by then."""
    reach = max((rule.reach for rule in rules), default=timedelta())
    [past] = await pasts.up_to(tx, at, [instance], reach=reach)
    return inquire(past, rules, mine)


def _delivery(one: Letter) -> Delivery:
    return Delivery(
        id=one.id,
        receiver=one.receiver,
        kind=one.kind,
        state=str(one.state),
        attempts=one.attempts,
        created_at=one.created_at,
        tried_at=one.tried_at,
        next_at=one.next_at,
        settled_at=one.settled_at,
        verdict=one.verdict,
        reason=one.reason,
    )
