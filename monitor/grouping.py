"""What one group of alerts has to say, and when. Pure: the dispatcher only executes the decision.

A group is the alerts of one route that share its `group_by` labels. It speaks `group_wait` after its first unsaid
change, at most once per `group_interval`, and repeats itself every `repeat_interval` while something fires.

What is hushed (silenced, inhibited, in maintenance...) is not spoken of anew, nor repeated; what people were told of
before still has its end told. While a window mutes the group it says nothing at all, and then what is still true.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.group import Group, new_group
from monitor.model import Alert
from monitor.notification import Notification, Reason
from monitor.pacing import aside
from monitor.quieting import NOTHING, Look, earliest
from monitor.scene import Quiet, Scene
from monitor.views import Said, views

__all__ = ["Decision", "Group", "Quiet", "Said", "decide", "new_group"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a group does now. `group` is how it goes on, None when it has nothing left to watch.

    `by` is what a group that is quiet rests on, as in `Hushed`.
    """

    verdict: Reason | Quiet
    group: Group | None
    notification: Notification | None = None
    by: str = ""


def decide(
    group: Group,
    alerts: Sequence[Alert],
    *,
    at: datetime,
    message_id: str,
    look: Look = NOTHING,
    tells_acks: bool = False,
) -> Decision:
    """What `group`, whose members are `alerts`, says at `at`; a message will bear `message_id`.

    `look` is what keeps quiet now. `tells_acks`: the receiver shows who cares for an alert, without disturbing anybody.
    """
    scene = Scene(group, alerts, look, tells_acks=tells_acks)
    repeat_at = scene.repeat_at()
    due = group.due()
    if due is not None and at < due:
        return _later(Quiet.WAITING, scene, earliest(due, look.changes_at))
    verdict = scene.verdict(at, repeat_at, changed=due is not None)
    if isinstance(verdict, Quiet):
        if not scene.standing and not group.said:
            return Decision(verdict, None)
        again = earliest(_future(_date(repeat_at), at), _let_go(verdict, look, group))
        still = replace(group, held=scene.held, changed_at=None, look_at=again)
        return Decision(verdict, still, by=scene.because(verdict))
    if look.muted is not None:
        muted = Quiet(look.muted.why)
        return _later(muted, scene, _let_go(muted, look, group), by=look.muted.by)
    rested = group.spoke_at + group.interval if group.spoke_at is not None else at
    if due is None and verdict not in (Reason.REPEAT, Reason.ACKNOWLEDGED) and at < rested:
        return _later(Quiet.WAITING, scene, earliest(rested, look.changes_at))
    if verdict is Reason.ACKNOWLEDGED:
        return _show(scene, at=at, message_id=message_id)
    return _speak(scene, verdict, at=at, message_id=message_id, tells_acks=tells_acks)


def _later(why: Quiet, scene: Scene, look_at: datetime | None, *, by: str = "") -> Decision:
    """What there is to say waits."""
    return Decision(why, replace(scene.group, held=scene.owed | scene.held, look_at=look_at), by=by)


def _show(scene: Scene, *, at: datetime, message_id: str) -> Decision:
    """A message that only shows who cares for what fires: nothing that was said or is to be said is another for it."""
    group = scene.group
    notification = _notification(group, scene, Reason.ACKNOWLEDGED, at=at, message_id=message_id)
    told = {key: replace(group.said[key], owner=scene.owners.get(key, "")) for key in scene.untold}
    # What is due while this is shown is said next.
    repeat_at = _date(scene.repeat_at())
    again = earliest(max(repeat_at, at) if repeat_at is not None else None, scene.look.changes_at)
    shown = replace(
        group,
        held=scene.held,
        version=group.version + 1,
        changed_at=None,
        said={**group.said, **told},
        look_at=again,
    )
    return Decision(Reason.ACKNOWLEDGED, shown, notification)


def _speak(scene: Scene, verdict: Reason, *, at: datetime, message_id: str, tells_acks: bool) -> Decision:
    """The message, and the group after it. Who cares for what fires is shown by another right after it."""
    group = scene.group
    notification = _notification(group, scene, verdict, at=at, message_id=message_id)
    told = {key: _said(one, group.said.get(key), scene) for key, one in scene.firing.items()}
    believed = {key: said for key, said in group.said.items() if key in scene.standing}
    spoken = replace(
        group,
        version=group.version + 1,
        repeats=group.repeats + 1 if verdict is Reason.REPEAT else 0,
        changed_at=None,
        spoke_at=at,
        said=believed | told,
    )
    after = Scene(spoken, scene.alerts, scene.look, tells_acks=tells_acks)
    again = at if after.untold else earliest(_future(_date(after.repeat_at()), at), scene.look.changes_at)
    return Decision(verdict, replace(spoken, held=after.held, look_at=again), notification)


def _said(alert: Alert, before: Said | None, scene: Scene) -> Said:
    """What people know of an alert from now on; of its owner only what they were shown."""
    shown = before.owner if before and alert.key in scene.owners else ""
    return Said(alert.severity, alert.values, alert.key in scene.look.flapping, shown)


def _notification(group: Group, scene: Scene, verdict: Reason, *, at: datetime, message_id: str) -> Notification:
    over = scene.over if verdict is not Reason.ACKNOWLEDGED else ()
    return Notification(
        id=message_id,
        receiver=group.receiver,
        group_key=group.key,
        group_labels=group.labels,
        reason=verdict,
        at=at,
        alerts=views(scene.firing.values(), over, said=group.said, flapping=scene.look.flapping, owners=scene.owners),
    )


def _let_go(quiet: Quiet, look: Look, group: Group) -> datetime | None:
    """When it may speak again by time alone. Windows open and close on the hour, with everybody else's."""
    by_window = quiet in (Quiet.MUTED, Quiet.INACTIVE, Quiet.MAINTENANCE)
    return aside(look.changes_at, group.key) if by_window and look.changes_at is not None else look.changes_at


def _date(repeat_at: datetime | Quiet | None) -> datetime | None:
    return repeat_at if isinstance(repeat_at, datetime) else None


def _future(moment: datetime | None, at: datetime) -> datetime | None:
    return moment if moment is not None and moment > at else None
