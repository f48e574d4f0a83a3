"""Which node polls which account: rendezvous hashing over the live nodes, and what a node does about it. Pure.

Every node computes the same from the same rows, so nobody has to be asked. A node that comes or goes moves only the
accounts that it gets or had.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b

from monitor.model import Alert

LEAD = ""
"""The lease that no account has: who holds it forms the groups and looks after what is about no account."""

FROM_MEMORY = timedelta(hours=1)
"""How long a node that cannot tell whether it still holds an account polls it on, a little; and whoever took the
account from it leaves it room for that."""

SMALL = 5
"""Requests in a window of a quota from which nothing can be spared for that."""


def share_from_memory(requests: int) -> int:
    """How many of the `requests` that a quota allows in each window are for a node that was cut off from the others:
    it may send these, and who took the account from it sends so many less. None of a small quota."""
    return max(1, requests // 10) if requests >= SMALL else 0


def account_of(alert: Alert) -> str:
    """Whose node looks after an alert: its account's; the lead where it is about none, or about several, or where
    another system posted it."""
    if alert.source is not None:
        return LEAD
    return alert.instance.account if alert.instance else alert.labels.get("account", LEAD)


@dataclass(frozen=True, slots=True)
class Member:
    """A live node. `accounts` are those that its policy polls, `beyond` those that it cannot reach; one that is
    `leaving` takes nothing more."""

    id: str
    accounts: frozenset[str]
    leaving: bool = False
    beyond: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Moves:
    """What a node does now: `take` what nobody holds, `leave` what another shall have."""

    take: tuple[str, ...] = ()
    leave: tuple[str, ...] = ()


def decide(
    me: str, members: Collection[Member], holders: Mapping[str, str], *, together: Collection[str] = ()
) -> Moves:
    """What node `me` takes and leaves, given who holds each lease (empty: nobody). Whoever is no member is gone.

    What somebody alive holds is his until he leaves it, so no account ever has two. The accounts in `together` go where
    the lead goes: a rule looks at all of them at once. An account that no live node polls is somebody's too: its alerts
    have to end. One that a node cannot reach goes to another, unless none of them does.
    """
    alive = {one.id for one in members}
    take, leave = [], []
    for account, holder in sorted(holders.items()):
        best = _best(account, members, together)
        if best == me and holder not in alive:
            take.append(account)
        elif holder == me and best != me and best:
            leave.append(account)
    return Moves(tuple(take), tuple(leave))


def _best(account: str, members: Collection[Member], together: Collection[str]) -> str:
    staying = [one for one in members if not one.leaving]
    wanting = [one for one in staying if account in one.accounts] or staying
    if account in together:
        return rendezvous(LEAD, (one.id for one in wanting))
    reaching = [one for one in wanting if account not in one.beyond] or wanting
    return rendezvous(account, (one.id for one in reaching))


def rendezvous(key: str, nodes: Iterable[str]) -> str:
    """The node that `key` belongs to: the one that draws the highest number for it; empty without nodes."""
    return max(nodes, key=lambda node: (_draw(node, key), node), default="")


def _draw(node: str, key: str) -> bytes:
    return blake2b(f"{node}\0{key}".encode(), digest_size=8).digest()
