"""What is written down of a group's decision: a line for each alert that it is about. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.grouping import Decision, Group, Quiet
from monitor.model import Alert


@dataclass(frozen=True, slots=True)
class Line:
    """What one group decided about one alert.

    `verdict` is the group's as a whole; `reason` what became of the alert: how it was told (`new`, `worse`...) or why
    it was not (`silenced`, `muted`...). `because` is what that rests on (the id of a silence, the name of a window...),
    `message` the id of the message that tells it; both may be empty.
    """

    at: datetime
    alert: str
    group_key: str
    receiver: str
    verdict: str
    reason: str
    because: str = ""
    message: str = ""


def lines(group: Group, decision: Decision, members: Sequence[Alert], at: datetime, *, before: str) -> list[Line]:
    """What to write down. `group` is as it was, `before` the verdict of then: what is as before needs no new line."""
    if decision.verdict is Quiet.WAITING:
        return []
    held = decision.group.held if decision.group is not None else {}
    verdict = str(decision.verdict)
    told = decision.notification

    def line(key: str, reason: str, because: str = "", message: str = "") -> Line:
        return Line(at, key, group.key, group.receiver, verdict, reason, because, message)

    kept_back = [line(key, str(one.why), one.by) for key, one in held.items()]
    if told is not None:
        return [line(view.key, str(view.change), message=told.id) for view in told.alerts] + kept_back
    if verdict == before and held == group.held:
        return []
    # What keeps some of a group quiet is no reason for the others: of those there is nothing to say.
    of_some = verdict in {str(one.why) for one in held.values()}
    reason, because = (str(Quiet.NOTHING_NEW), "") if of_some else (verdict, decision.by)
    others = [line(one.key, reason, because) for one in members if one.key not in held]
    return others + kept_back
