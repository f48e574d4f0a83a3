"""The nodes that share the database, with what each of them holds, for who looks after them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.sharing import LEAD
from monitor.store import nodes
from monitor.store.node_tables import lease


@dataclass(frozen=True, slots=True)
class Peer:
    """One node. `unheard` is how much longer it has not been heard of than the one heard of last: nothing else than the
    database's clock counts here. `leads` is whether it forms the groups; `accounts` are those that it polls."""

    id: str
    name: str
    address: str
    version: str
    started_at: datetime
    unheard: timedelta
    leads: bool
    accounts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Census:
    """All nodes by name, none where the database is one process's own. `free` are the accounts that nobody polls,
    `leaderless` is whether nobody forms groups."""

    peers: Sequence[Peer] = ()
    free: Sequence[str] = ()
    leaderless: bool = False

    @property
    def holders(self) -> dict[str, str]:
        """By account the name of the node that polls it."""
        return {account: one.name for one in self.peers for account in one.accounts}


NOBODY = Census()
"""No nodes."""


async def census(tx: AsyncConnection) -> Census:
    """The nodes now."""
    known = await nodes.known(tx)
    if not known:
        return NOBODY
    rows = await tx.execute(sa.select(lease.c.account, lease.c.holder).order_by(lease.c.account))
    held: dict[str, list[str]] = {}
    for account, holder in rows:
        held.setdefault(holder, []).append(account)
    newest = max(until for _, _, until in known)
    peers = [_peer(node, started_at, newest - until, held.pop(node.id, [])) for node, started_at, until in known]
    # what is left has no holder, or one that is gone
    free = sorted(account for accounts in held.values() for account in accounts)
    return Census(peers, [one for one in free if one != LEAD], LEAD in free)


def _peer(node: nodes.Node, started_at: datetime, unheard: timedelta, held: Sequence[str]) -> Peer:
    accounts = [one for one in held if one != LEAD]
    return Peer(node.id, node.name, node.address, node.version, started_at, unheard, LEAD in held, accounts)
