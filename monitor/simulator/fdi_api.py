"""FDI and instance calls over HTTP, as documented."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from aiohttp import web

from monitor.simulator import fleet, tasks
from monitor.simulator.cloud import Cloud, Member
from monitor.simulator.counts import Counts, statistics_body
from monitor.simulator.faults import LISTING, STATISTICS, TASK_MONITORS
from monitor.simulator.gate import Gate, Visit
from monitor.simulator.misbehaviour import Occasion, misbehave, withheld
from monitor.simulator.replies import INVALID, NO_INSTANCE
from monitor.simulator.wire import Declined

_STATISTICS = "/v2/{project_id}/fdi/instances/{instance_id}/statistics/tasks"
_TASK_MONITORS = "/v2/{project_id}/fdi/instances/{instance_id}/task-monitors"
_INSTANCES = "/v2/{project_id}/instances"

_JSON = {"Content-Type": "application/json"}
_MOST = 999


class FdiApi:
    """The three calls a monitor makes."""

    def __init__(self, cloud: Cloud, gate: Gate, closing: asyncio.Event) -> None:
        self._cloud = cloud
        self._gate = gate
        self._closing = closing

    def routes(self) -> Iterable[web.RouteDef]:
        guard = self._gate.guard
        yield web.get(_STATISTICS, guard(self._statistics), allow_head=False)
        yield web.get(_TASK_MONITORS, guard(self._task_monitors), allow_head=False)
        yield web.get(_INSTANCES, guard(self._instances), allow_head=False)

    async def _statistics(self, request: web.Request) -> web.StreamResponse:
        member = self._cloud.members.get(request.match_info["instance_id"])
        visit = await self._gate.admit(request, STATISTICS, member)
        moment = self._cloud.moment(self._existing(member), visit.at)
        if visit.fault is not None:
            spoilt = await self._spoil(request, visit, (moment.common, moment.cdc))
            if spoilt is not None:
                return spoilt
        return web.Response(body=statistics_body(moment.common, moment.cdc), headers=_JSON)

    async def _task_monitors(self, request: web.Request) -> web.StreamResponse:
        member = self._cloud.members.get(request.match_info["instance_id"])
        visit = await self._gate.admit(request, TASK_MONITORS, member)
        moment = self._cloud.moment(self._existing(member), visit.at)
        query = _query(request)
        spoilt = await self._spoil(request, visit)
        if spoilt is not None:
            return spoilt
        instance_id = request.match_info["instance_id"]
        return web.json_response(tasks.page(instance_id, moment.common, moment.cdc, query))

    async def _instances(self, request: web.Request) -> web.StreamResponse:
        visit = await self._gate.admit(request, LISTING)
        offset, limit = _number(request, "offset", 0), min(_number(request, "limit", 10), _MOST)
        status = request.query.get("status", "")
        if status and status not in fleet.STATUSES:
            raise Declined(INVALID, "parameters")
        spoilt = await self._spoil(request, visit)
        if spoilt is not None:
            return spoilt
        machines = [machine for machine in self._cloud.machines() if status in ("", machine.status)]
        named = machines[: max(0, len(machines) - withheld(visit.fault))]
        page = [fleet.listed(machine, self._cloud.account.project_id) for machine in named[offset : offset + limit]]
        return web.json_response({"total": len(machines), "size": len(page), "instances": page})

    async def _spoil(
        self, request: web.Request, visit: Visit, counts: tuple[Counts, Counts] | None = None
    ) -> web.StreamResponse | None:
        if visit.fault is None:
            return None
        occasion = Occasion(request, visit.fault, self._closing, self._cloud.tokens, visit.token, counts)
        answer = await misbehave(occasion)
        if answer is not None:
            self._cloud.figures.refused[f"fault {visit.fault.kind}"] += 1
        return answer

    @staticmethod
    def _existing(member: Member | None) -> Member:
        if member is None:
            raise Declined(NO_INSTANCE, "instance")
        return member


def _query(request: web.Request) -> tasks.Query:
    status = request.query.get("execute_status", "")
    if status and status not in tasks.STATES:
        raise Declined(INVALID, "parameters")
    limit = min(_number(request, "limit", 10), _MOST)
    return tasks.Query(_number(request, "offset", 1), limit, status, request.query.get("task_name", ""))


def _number(request: web.Request, name: str, default: int) -> int:
    raw = request.query.get(name)
    if raw is None:
        return default
    if not (raw.isascii() and raw.isdigit() and len(raw) < 10):
        raise Declined(INVALID, "parameters")
    return int(raw)
