"""What a group that is due says: its decision, what is written down of that, and a letter for each kind of receiver."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from monitor.grouping import Decision, decide
from monitor.ledger import Line, lines
from monitor.model import Alert
from monitor.notification import Reason
from monitor.notifiers.receiver import Receiver
from monitor.quieting import Facts, Watcher
from monitor.store import outbox
from monitor.store.groups import Kept
from monitor.undelivered import is_about


class Speech(NamedTuple):
    """What a group, as it was, decides; the lines to write down, and its letters."""

    kept: Kept
    decision: Decision
    lines: Sequence[Line]
    letters: Sequence[outbox.Letter]


@dataclass(frozen=True, slots=True)
class Speaker:
    """Decides for groups at one moment, from what is known then. It changes nothing."""

    receivers: Mapping[str, Receiver]
    watcher: Watcher
    facts: Facts
    at: datetime

    def speech(self, kept: Kept, members: Sequence[Alert]) -> Speech:
        """What a group with these members says."""
        group, at = kept.group, self.at
        look = self.watcher.look(
            members, self.facts, at, mute=group.mute, active=group.active, step=group.step, flapped=group.flapped
        )
        tells = any(one.options.tells_acks for one in self.receivers[group.receiver].integrations)
        decision = decide(group, members, at=at, message_id=str(uuid.uuid4()), look=look, tells_acks=tells)
        written = lines(group, decision, members, at, before=kept.verdict)
        return Speech(kept, decision, written, self._letters(decision))

    def _letters(self, decision: Decision) -> list[outbox.Letter]:
        """One letter for each kind under the receiver's name that wants to hear of it."""
        notification = decision.notification
        if notification is None:
            return []
        others = (one for one in notification.alerts if not is_about(one.labels, notification.receiver))
        notification = replace(notification, alerts=tuple(others))
        letters = []
        for position, integration in enumerate(self.receivers[notification.receiver].integrations):
            mine = notification if integration.options.send_resolved else notification.only_firing()
            hears = notification.reason is not Reason.ACKNOWLEDGED or integration.options.tells_acks
            if mine.alerts and hears:
                mine = replace(mine, id=f"{notification.id}.{position}" if position else notification.id)
                letters.append(outbox.letter(mine, kind=integration.kind, position=position, at=self.at))
        return letters
