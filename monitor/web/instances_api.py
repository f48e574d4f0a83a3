"""`/api/fdi/v1/accounts` and `/api/fdi/v1/instances`: what is polled, how it stands, and how it stood."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime

from aiohttp import web
from pydantic import AwareDatetime, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.meters import Meters
from monitor.model import InstanceKey
from monitor.store import board, history
from monitor.web import inventory
from monitor.web.amshape import moment
from monitor.web.contract import query, tells
from monitor.web.inventory import AccountsTold, AccountTold, HistoryTold, InstancesTold, InstanceTold, QuotaTold
from monitor.web.paging import Key, Paged, cursor, cut
from monitor.web.parameters import in_utc, matched
from monitor.web.problems import Problem
from monitor.web.site import SITE
from monitor.web.standing import Level, Tile, current, tiles

routes = web.RouteTableDef()


class InstancesAsked(Paged):
    """Which instances."""

    account: str | None = Field(default=None, description="Only those of this account.")
    filter: list[str] = Field(default=[], max_length=20, description="Matchers over account, instance and labels.")
    health: list[str] = Field(default=[], max_length=20, description="Only those that stand so, as in `critical`.")


class HistoryAsked(Paged):
    """Which stretch of history."""

    since: AwareDatetime | None = Field(default=None, description="Runs that end after this moment.")
    until: AwareDatetime | None = Field(default=None, description="Runs that begin before this moment.")


@routes.get("/api/fdi/v1/accounts")
@tells(AccountsTold, query=Paged)
async def accounts(request: web.Request) -> web.Response:
    """The accounts, with their instances counted by health, and their quotas."""
    site, asked = request.app[SITE], query(request, Paged)
    async with site.store.read() as tx:
        found = await standing(tx, site.now())
    health: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for tile in found:
        health[tile.seen.instance.account][tile.level.value] += 1
    quotas = _quotas(site.meters)
    page, after = cut({*health, *quotas}, lambda name: (name,), asked, str)
    told = [_account(name, health[name], quotas.get(name)) for name in page]
    return web.json_response(AccountsTold(accounts=told, next=after))


@routes.get("/api/fdi/v1/instances")
@tells(InstancesTold, query=InstancesAsked)
async def instances(request: web.Request) -> web.Response:
    """The instances that are polled, by account, name and id."""
    site, asked = request.app[SITE], query(request, InstancesAsked)
    matching, words = matched(asked.filter), {one.value for one in Level}
    if strangers := sorted(set(asked.health) - words):
        known = ", ".join(one.value for one in Level)
        raise Problem(400, f"health: {strangers[0]!r} is none of {known}", [{"place": "health", "message": known}])
    async with site.store.read() as tx:
        found = await standing(tx, site.now())
    chosen = [
        one
        for one in found
        if asked.account in (None, one.seen.instance.account)
        and (not asked.health or one.level.value in asked.health)
        and matching.match(_labels(one))
    ]
    page, after = cut(chosen, _order, asked, str, str, str)
    return web.json_response(InstancesTold(instances=[_instance(one) for one in page], next=after))


@routes.get("/api/fdi/v1/instances/{account}/{id}")
@tells(InstanceTold, refusals=(404,))
async def instance(request: web.Request) -> web.Response:
    """One instance, by its account and the cloud's id of it."""
    site, key = request.app[SITE], _key(request)
    async with site.store.read() as tx:
        found = await standing(tx, site.now())
    tile = next((one for one in found if one.seen.instance.key == key), None)
    if tile is None:
        raise Problem(404, f"no instance {key.id} of the account {key.account} is polled")
    return web.json_response(_instance(tile))


@routes.get("/api/fdi/v1/instances/{account}/{id}/history")
@tells(HistoryTold, query=HistoryAsked, refusals=(404,))
async def past(request: web.Request) -> web.Response:
    """What was polled of one instance, oldest first: a run for each stretch in which nothing changed."""
    site, key, asked = request.app[SITE], _key(request), query(request, HistoryAsked)
    after = asked.after(int)
    since = in_utc(asked.since, "since") if asked.since else None
    until = in_utc(asked.until, "until") if asked.until else None
    async with site.store.read() as tx:
        found = await history.page(
            tx,
            key,
            since=since,
            until=until,
            after=_moment(int(after[0])) if after else None,
            most=asked.limit + 1,
        )
    if found is None:
        raise Problem(404, f"no instance {key.id} of the account {key.account} was ever polled")
    page = found[: asked.limit]
    more = cursor((_number(page[-1].start),)) if len(found) > len(page) else None
    return web.json_response(HistoryTold(runs=[inventory.run(one) for one in page], next=more))


async def standing(tx: AsyncConnection, at: datetime) -> list[Tile]:
    """The instances that are ours at `at`, worst first."""
    return tiles(current(await board.instances(tx), at=at), await board.live(tx))


def _key(request: web.Request) -> InstanceKey:
    return InstanceKey(request.match_info["account"], request.match_info["id"])


def _order(one: Tile) -> Key:
    about = one.seen.instance
    return about.account, about.name, about.id


def _labels(one: Tile) -> dict[str, str]:
    about = one.seen.instance
    own = {"account": about.account, "instance": about.name, "instance_id": about.id, "region": about.region}
    return {**about.labels, **own}


def _number(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)


def _moment(number: int) -> datetime:
    try:
        return datetime.fromtimestamp(number // 1_000_000, UTC).replace(microsecond=number % 1_000_000)
    except (OverflowError, ValueError, OSError):
        raise Problem(400, "cursor: it is no cursor of this list") from None


def _instance(one: Tile) -> InstanceTold:
    about, run, good_at = one.seen.instance, one.seen.run, one.seen.good_at
    return {
        "account": about.account,
        "id": about.id,
        "name": about.name,
        "region": about.region,
        "project_id": about.project_id,
        "labels": dict(about.labels),
        "health": one.level.value,
        "up": run.failure is None if run else None,
        "last": inventory.run(run) if run else None,
        "good_at": moment(good_at) if good_at else None,
        "alerts": list(one.alerts),
    }


def _account(name: str, health: Counter[str], quota: QuotaTold | None) -> AccountTold:
    return {"name": name, "instances": health.total(), "health": dict(health), "quota": quota}


def _quotas(meters: Meters) -> dict[str, QuotaTold]:
    """By account: what its poller shows in the metrics."""
    return {
        name: {
            "per_second": pace.quota,
            "share": pace.share,
            "wanted_every": pace.wanted.total_seconds(),
            "every": pace.every.total_seconds(),
            "requests": pace.requests,
            "throttled": pace.throttled,
        }
        for name, pace in meters.paces().items()
    }
