"""`/api/fdi/v1/status`: how the service itself stands, for programs. Moments are RFC 3339 in UTC, lengths seconds."""

from __future__ import annotations

import platform

from aiohttp import web
from typing_extensions import TypedDict

import monitor
from monitor.store.sizes import Size
from monitor.web.amshape import moment
from monitor.web.condition import Beat, Condition, NodeRow, verdict
from monitor.web.contract import tells
from monitor.web.shapes import Moment
from monitor.web.site import SITE
from monitor.web.status import look
from monitor.web.words import ENGLISH

routes = web.RouteTableDef()


class LoopTold(TypedDict):
    """One loop: when it last came round, and within how many seconds it has to."""

    name: str
    beat: Moment
    within: float
    late: bool


class NodeTold(TypedDict):
    """One node of those that share the database; `unheard` is how many seconds longer it has not been heard of than the
    one heard of last, `leads` whether it forms the groups. Moments are by the database's clock."""

    id: str
    name: str
    address: str
    version: str
    started_at: Moment
    unheard: float
    silent: bool
    here: bool
    leads: bool
    accounts: list[str]


class HeartbeatTold(TypedDict):
    """The heartbeat: how often it has to arrive, and what came of it so far."""

    every: float
    arrived_at: Moment | None
    arrived: int
    failed: int
    late: bool


class StoreTold(TypedDict):
    """The database; `held` are changes in memory while it takes no writes, `since` is how far back it remembers."""

    database: str
    bytes: int
    instances: int
    since: Moment | None
    degraded: bool
    held: int


class StatusTold(TypedDict):
    """The service as it stands. `notes` are what is wrong, in words; `unpolled` the accounts that no node polls,
    `store` is null where it does not answer."""

    version: str
    node: str
    started_at: Moment
    health: str
    summary: str
    notes: list[str]
    loops: list[LoopTold]
    nodes: list[NodeTold]
    unpolled: list[str]
    heartbeat: HeartbeatTold | None
    store: StoreTold | None
    faults: list[str]


@routes.get("/api/fdi/v1/status")
@tells(StatusTold)
async def status(request: web.Request) -> web.Response:
    """How the service itself stands: loops, nodes, heartbeat, store, faults of the policy."""
    site = request.app[SITE]
    found = await look(site)
    said = verdict(found, ENGLISH)
    told = StatusTold(
        version=monitor.__version__,
        node=site.node or platform.node(),
        started_at=moment(site.started_at or found.at),
        health=said.level.value,
        summary=said.text,
        notes=list(said.notes),
        loops=[
            LoopTold(name=one.name, beat=moment(one.beat), within=one.within.total_seconds(), late=one.late)
            for one in found.loops
        ],
        nodes=[_node(one) for one in found.nodes],
        unpolled=list(found.census.free),
        heartbeat=_heartbeat(found.beat) if found.beat else None,
        store=_store(found, found.size) if found.size else None,
        faults=[str(one) for one in found.speech.faults],
    )
    return web.json_response(told)


def _heartbeat(beat: Beat) -> HeartbeatTold:
    return {
        "every": beat.every.total_seconds(),
        "arrived_at": moment(beat.heard_at) if beat.heard_at else None,
        "arrived": beat.good,
        "failed": beat.failed,
        "late": beat.late,
    }


def _store(found: Condition, size: Size) -> StoreTold:
    return {
        "database": size.dialect,
        "bytes": size.bytes,
        "instances": size.instances,
        "since": moment(size.since) if size.since else None,
        "degraded": found.degraded,
        "held": found.held,
    }


def _node(one: NodeRow) -> NodeTold:
    peer = one.peer
    return {
        "id": peer.id,
        "name": peer.name,
        "address": peer.address,
        "version": peer.version,
        "started_at": moment(peer.started_at),
        "unheard": peer.unheard.total_seconds(),
        "silent": one.silent,
        "here": one.here,
        "leads": peer.leads,
        "accounts": list(peer.accounts),
    }
