"""Whether a recorded history of leases and transitions is one that a single holder at a time could have made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """One commit, in the order in which the database took them. A lease was written as `holder` and `epoch`, or an
    alert of the account `moved` while the lease stood so; `writer` is the node whose connection it was."""

    account: str
    holder: str
    epoch: int
    writer: str
    moved: bool = False


def faults(history: Iterable[Event]) -> list[str]:
    """What is wrong: two holders in one epoch, an epoch that went back, a holder that came without a new epoch, a
    transition by somebody else than the holder of that moment, or by none."""
    found = []
    now: dict[str, tuple[str, int]] = {}
    held: dict[tuple[str, int], str] = {}
    for one in history:
        holder, epoch = now.get(one.account, ("", 0))
        where = f"{one.account or 'the lead'}, epoch {one.epoch}"
        if one.moved:
            if (one.holder, one.epoch) != (holder, epoch) or not one.holder.startswith(f"{one.writer}-"):
                found.append(f"{where}: {one.writer} moved an alert while {holder or 'nobody'} held epoch {epoch}")
            continue
        if one.epoch < epoch:
            found.append(f"{where}: it was {epoch} before")
        if one.holder and held.setdefault((one.account, one.epoch), one.holder) != one.holder:
            found.append(f"{where}: {held[one.account, one.epoch]} held it, and {one.holder}")
        if one.holder and not one.holder.startswith(f"{one.writer}-"):
            found.append(f"{where}: {one.writer} took it for {one.holder}")
        now[one.account] = (one.holder, one.epoch)
    return found
