"""The closed list of names that the rule language knows."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from monitor.model import KINDS, STATUSES
from monitor.rules.quantity import Dimension
from monitor.rules.tokens import KEYWORDS
from monitor.textfault import TextFault, quoted

COUNTS = (*STATUSES, *(f"{kind}.{status}" for kind in KINDS for status in STATUSES))
"""`running` (both kinds together), ..., `common.running`, ..., `cdc.completed`."""

HEALTH = {
    "up": Dimension.NUMBER,
    "failures": Dimension.NUMBER,
    "suspicious": Dimension.NUMBER,
    "age": Dimension.DURATION,
    "latency": Dimension.DURATION,
}
"""Of the poll itself."""

HISTORY = (
    "delta",
    "increase",
    "rate",
    "changes",
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "ago",
)
"""Functions over the past of one instance: name(count, duration)."""

AGGREGATES = ("sum", "avg", "min", "max", "count")
"""Functions over several instances, in rules with `by`: name(count), and count(condition)."""

RESERVED = frozenset((*COUNTS, *KINDS, *HEALTH, *HISTORY, *AGGREGATES, *KEYWORDS, "by"))


def check_threshold_name(name: str) -> None:
    """TextFault where `name` cannot be a threshold: not a word, or a name of the language."""
    if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
        raise TextFault(
            f"{quoted(name)} cannot name a threshold: use letters, digits and _, such as warn", width=len(name)
        )
    if name in RESERVED:
        raise TextFault(
            f"{quoted(name)} cannot name a threshold: the rule language uses it; write {name}_limit", width=len(name)
        )


def unknown_name(name: str, known: Iterable[str]) -> str:
    """What to say about a name that is not among `known`, the nearest one suggested."""
    close = nearest(name, known)
    if close:
        return f"there is no name {quoted(name)}: did you mean {close}?"
    return (
        f"there is no name {quoted(name)}: there are {', '.join(STATUSES)}, cdc.abnormal and the like, "
        f"{', '.join(HEALTH)}, and the names under thresholds:"
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that was most likely meant, empty if none is near."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.7)
    return by_lower[found[0]] if found else ""
