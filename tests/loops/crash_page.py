"""The crash matrix as a table for operators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crash_scenes import SCENES
from crash_town import SEND

BEGIN, END = "<!-- the matrix: begin -->", "<!-- the matrix: end -->"

OTHERS = "Not killed here, each one transaction of the same kind, whole or not at all:"

STEPS = {
    "monitor.engine.Engine.meet": "instances met",
    "monitor.recorder.Recorder._write": "sample and alert recorded",
    "monitor.dispatcher.Dispatcher._route_moved": "alert joined to its groups",
    "monitor.dispatcher.Dispatcher._decide": "decision and message recorded",
    "monitor.postage.Postage.sort": "messages merged to what a chat takes",
    "monitor.postage.Postage.spend": "a try counted beforehand",
    SEND: "message sent",
    "monitor.courier.Courier._deliver": "delivery written down",
    "monitor.web.deeds.acknowledge": "acknowledgement taken",
    "monitor.web.deeds.silence": "silence taken",
    "monitor.dispatcher.Dispatcher._regroup": "policy put in force",
    "monitor.hushing.recall": "what inhibits recalled",
    "monitor.stretches.Stretches.flush": "length of runs written",
    "monitor.retention.Retention.prune": "old rows removed",
}
"""What each transaction of the service is called on the page, in the order of a message's life."""

ELSEWHERE = {
    "monitor.courier.Courier.step": "what waits for too long handed to the fallback, under an id made of the first",
    "monitor.courier.Courier._say_again": "that a receiver that forgets was told again",
    "monitor.web.links.confirm": "what somebody did by the link in a message, once",
    "monitor.drilling.begin": "a drill begun, with its messages",
    "monitor.rehearsal.Rehearsal._due": "where the schedule of drills counts from",
    "monitor.rehearsal.Rehearsal._judge": "a drill that arrived, or is late",
    "monitor.web.drills.begin": "who had a drill begun",
    "monitor.web.reload.reload": "who had the policy read again",
    "monitor.web.deeds.withdraw": "an acknowledgement taken back",
    "monitor.web.deeds.expire": "a silence ended by hand",
    "monitor.web.deeds.extend": "a silence made longer by hand",
    "monitor.web.deeds.retry": "messages tried again by hand",
    "monitor.web.deeds.drop": "a message dropped by hand",
    "monitor.inbox.Inbox.put": "alerts posted at one of several nodes",
    "monitor.inbox.Inbox.each": "alerts posted at one node taken by the one that leads",
    "monitor.store.links.key": "the key that signs links, made at the first start",
}
"""The other transactions of the service, which these scenes do not come to."""

Seen = Mapping[str, Any]


def twice(seen: Seen) -> int:
    """How many messages came a second time."""
    ids = [line["id"] for line in seen["lines"] if line["kind"] == "said"]
    return len(ids) - len(set(ids))


def table(cells: Iterable[Seen]) -> str:
    """The matrix between its marks."""
    kills: dict[tuple[str, str, str], list[Seen]] = {}
    for seen in cells:
        step, when, _ = seen["point"]
        kills.setdefault((step, when, seen["scene"]), []).append(seen)
    rows = [
        (STEPS[step], when, *(_cell(kills.get((step, when, scene), ())) for scene in SCENES))
        for step in STEPS
        for when in ("before", "after")
    ]
    lines = [("step", "killed", *SCENES), ("---",) * (2 + len(SCENES)), *rows]
    table = (f"| {' | '.join(line)} |" for line in lines)
    others = (f"* {words}" for words in ELSEWHERE.values())
    return "\n".join((BEGIN, "", *table, "", OTHERS, "", *others, "", END))


def _cell(kills: Sequence[Seen]) -> str:
    if not kills:
        return ""
    repeated = sum(map(twice, kills))
    return f"{len(kills)}, {repeated} again" if repeated else f"{len(kills)}"
