"""Which counts differ between two moments, as bits: one for each kind and state. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.model import KINDS, STATUSES
from monitor.rules.facts import Counted

_PLACES = [f"{kind}.{status}" for kind in KINDS for status in STATUSES]
_BITS = {name: 1 << place for place, name in enumerate(_PLACES)}
_READ = _BITS | {status: sum(_BITS[f"{kind}.{status}"] for kind in KINDS) for status in STATUSES}
ANY = sum(_BITS.values())


def bits(names: Iterable[str]) -> int:
    """Those of the counts that these names read; other names read none."""
    found = 0
    for name in names:
        found |= _READ.get(name, 0)
    return found


def moved(one: Counted, other: Counted) -> int:
    """Those of the counts that differ; ANY where one is not known."""
    if one.common is None or one.cdc is None or other.common is None or other.cdc is None:
        return ANY
    if one.common == other.common and one.cdc == other.cdc:
        return 0
    before, now = one.common + one.cdc, other.common + other.cdc
    return sum(1 << place for place in range(len(before)) if before[place] != now[place])
