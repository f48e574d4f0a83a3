"""The form of a silence: what it says, and how it is filled in beforehand. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from monitor import durations
from monitor.matchers import Matchers
from monitor.model import Alert
from monitor.silences import Silence, Wrong, wrongs
from monitor.tickets import about
from monitor.web.amshape import whole
from monitor.web.forms import Form

FIELDS = ("matchers", "unless", "owner", "comment", "starts_at", "lasts", "ends_at", "zone", "window", "until_resolved")
LASTS = "2h"
UNTIL_RESOLVED = timedelta(days=7)
"""How long a silence until resolved lasts at most, where nothing else is said."""

_OF_WRONG = {
    Wrong.EVERYTHING: ("matchers", "silence.wrong.everything"),
    Wrong.BACKWARDS: ("ends_at", "silence.wrong.backwards"),
    Wrong.PAST: ("ends_at", "silence.wrong.past"),
    Wrong.LONG: ("ends_at", "silence.wrong.long"),
    Wrong.WINDOW: ("window", "silence.wrong.window"),
}
"""At which field each is said, and how."""


def read(form: Form, at: datetime, windows: Collection[str], *, behind: timedelta) -> Silence | None:
    """The silence that a form asks for, without an id; None where it has complaints.

    `at` is now, `behind` how far it is behind the clocks of people, by which moments are written.
    """
    matching, unless = form.matchers("matchers"), form.matchers("unless")
    if matching is None:
        form.complain("matchers", "silence.no_matchers")
    owner, comment = form.name("owner"), form.comment("comment")
    begins, ends = form.moment("starts_at", "zone"), form.moment("ends_at", "zone")
    lasts = form.length("lasts")
    if form.text("lasts") and form.text("ends_at"):
        form.complain("ends_at", "silence.two_ends")
    until_resolved = bool(form.text("until_resolved"))
    starts_at = max(begins - behind, whole(at)) if begins else whole(at)
    if ends is None and lasts is None and until_resolved:
        lasts = UNTIL_RESOLVED
    if lasts is None and not form.text("ends_at"):
        form.complain("lasts", "silence.no_end")
    if ends and ends - behind <= at:
        form.complain("ends_at", "silence.wrong.past")
    if form.complaints or matching is None:
        return None
    made = Silence(
        id="",
        matchers=matching,
        starts_at=starts_at,
        ends_at=ends - behind if ends else starts_at + (lasts or timedelta()),
        created_by=owner,
        comment=comment,
        updated_at=at,
        unless=unless,
        until_resolved=until_resolved,
        window=form.text("window"),
    )
    for wrong in wrongs(made, at, windows):
        where, key = _OF_WRONG[wrong]
        form.complain(where if ends or where != "ends_at" else "lasts", key)
    return None if form.complaints else made


def sketch(form: Form, at: datetime) -> Silence | None:
    """What a form would hide, whatever else is missing in it: enough to show an effect."""
    matching, unless = form.matchers("matchers"), form.matchers("unless")
    if matching is None or not matching.matchers:
        return None
    return Silence("", matching, at, at + timedelta(hours=1), "", "", at, unless=unless, window=form.text("window"))


def beforehand(
    asked: dict[str, str], given: Sequence[str], alerts: Sequence[Alert], old: Silence | None, *, owner: str
) -> Form:
    """The form as it is opened: with what an address asks for, with `given` matchers, about `alerts`, or like `old`."""
    texts = {"lasts": LASTS, "owner": owner}
    if old is not None:
        texts |= {
            "matchers": str(old.matchers),
            "unless": str(old.unless) if old.unless is not None else "",
            "comment": old.comment,
            "window": old.window,
            "until_resolved": "on" if old.until_resolved else "",
            "lasts": durations.show(max(old.ends_at - old.starts_at, timedelta(minutes=1))),
        }
    elif given:
        texts["matchers"] = ", ".join(given)
    elif alerts:
        texts["matchers"] = written(about(alerts))
    if asked.get("ends_at"):
        texts["lasts"] = ""
    return Form(texts | {name: text for name, text in asked.items() if name in FIELDS and text})


def written(matching: Matchers) -> str:
    """Matchers as people read them best, with a space after each comma."""
    return ", ".join(str(one) for one in matching.matchers)
