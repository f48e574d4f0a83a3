"""The list of alerts: which of them are asked for, how many stand where, under which headings they are read. Pure."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitor import matchers
from monitor.matchers import EVERYTHING, Matchers
from monitor.model import Labels, Severity, State
from monitor.textfault import TextFault
from monitor.web.outlook import Seen


class Show(enum.StrEnum):
    """The lists there are. The values stand in addresses."""

    FIRING = "firing"
    """What fires and is not kept quiet: it needs somebody."""
    PENDING = "pending"
    QUIET = "silenced"
    """What is silenced, inhibited or in maintenance."""
    ACKNOWLEDGED = "acknowledged"
    FLAPPING = "flapping"
    HISTORY = "history"


ALONE = "none"
"""As a label to group by: no headings."""
USUAL = ("alertname", "account", "instance", "severity")
"""The labels that people group by most; others may be asked for too."""
_BARE = {"instance_id", "project_id"}


@dataclass(frozen=True, slots=True)
class Sought:
    """What somebody asks for. `fault` says what is wrong with `text`, which then filters nothing."""

    show: Show = Show.FIRING
    text: str = ""
    account: str = ""
    severity: str = ""
    by: str = "alertname"
    matchers: Matchers = EVERYTHING
    fault: TextFault | None = None

    def fits(self, labels: Labels) -> bool:
        """Whether an alert with these labels, severity included, is asked for."""
        if self.account and labels.get("account") != self.account:
            return False
        if self.severity and labels.get("severity") != self.severity:
            return False
        return self.matchers.match(labels)

    @property
    def narrowed(self) -> bool:
        """Whether not all of a list are asked for."""
        return bool(self.account or self.severity or self.matchers.matchers)


def sought(query: Mapping[str, str]) -> Sought:
    """What the parameters of an address ask for; what they say wrongly is not asked for."""
    text = query.get("filter", "").strip()
    found, fault = EVERYTHING, None
    try:
        found = matchers.parse(text)
    except TextFault as wrong:
        fault = wrong
    severity = query.get("severity", "")
    show = query.get("show", "")
    return Sought(
        show=Show(show) if show in set(Show) else Show.FIRING,
        text=text,
        account=query.get("account", ""),
        severity=severity if severity in set(Severity) else "",
        by=query.get("by") or "alertname",
        matchers=found,
        fault=fault,
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One alert of the list; its labels include the severity."""

    seen: Seen
    flaps: bool
    labels: Labels


@dataclass(frozen=True, slots=True)
class Roll:
    """What is asked for. `rows` stand as they are read, those of one heading together; `counts` say how many there are
    on each list, the history apart; `heads` are the headings, by their value, with how many alerts are under each."""

    rows: Sequence[Row]
    counts: Mapping[Show, int]
    heads: Mapping[str, int]
    accounts: Sequence[str]
    names: Sequence[str]
    """The labels that alerts may be grouped by."""

    def blocks(self, rows: Sequence[Row], by: str) -> list[tuple[str, int, list[Row]]]:
        """Some of the rows under their headings, each with how many alerts there are under it altogether."""
        found: dict[str, list[Row]] = {}
        for row in rows:
            found.setdefault(_head(row, by), []).append(row)
        return [(head, self.heads[head], under) for head, under in found.items()]


_ON: Mapping[Show, Callable[[Row], bool]] = {
    Show.FIRING: lambda row: row.seen.alert.state.fires and not row.seen.suppressed,
    Show.PENDING: lambda row: row.seen.alert.state is State.PENDING and not row.seen.suppressed,
    Show.QUIET: lambda row: bool(row.seen.suppressed),
    Show.ACKNOWLEDGED: lambda row: row.seen.ack is not None,
    Show.FLAPPING: lambda row: row.flaps,
}


def roll(seen: Iterable[Seen], flapping: Collection[str], asked: Sought) -> Roll:
    """The list that is asked for, of all alerts that are live or flap, the worst and oldest first."""
    every = [Row(one, one.alert.key in flapping, one.alert.all_labels) for one in seen]
    fitting = [row for row in every if asked.fits(row.labels)]
    found = [row for row in fitting if asked.show in _ON and _ON[asked.show](row)]
    heads = Counter(_head(row, asked.by) for row in found)
    worst = dict.fromkeys(heads, -1)
    for row in found:
        head = _head(row, asked.by)
        worst[head] = max(worst[head], row.seen.alert.severity.rank)
    order = {head: place for place, head in enumerate(sorted(heads, key=lambda it: (-worst[it], -heads[it], it)))}
    return Roll(
        rows=sorted(found, key=lambda row: order[_head(row, asked.by)]),
        counts={show: sum(map(fits, fitting)) for show, fits in _ON.items()},
        heads={head: heads[head] for head in order},
        accounts=sorted({account for row in every if (account := row.labels.get("account"))} | _given(asked.account)),
        names=[*USUAL, *_others(every, asked.by)],
    )


def _head(row: Row, by: str) -> str:
    return "" if by == ALONE else row.labels.get(by, "")


def _given(name: str) -> set[str]:
    return {name} if name else set()


def _others(rows: Iterable[Row], by: str) -> list[str]:
    names = {name for row in rows for name in row.seen.alert.labels} | _given("" if by == ALONE else by)
    return sorted(names - set(USUAL) - _BARE)
