"""The control of the simulated cloud over HTTP: `/_sim/...`, for tests, demos and drills."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from aiohttp import web

from monitor.simulator.cloud import Cloud, Member
from monitor.simulator.inbox import Inbox
from monitor.simulator.robots.door import RobotsDoor


class ControlApi:
    """Reads and changes the cloud. Wrong input is 400 with `{"error": TEXT}`."""

    def __init__(
        self, cloud: Cloud, inbox: Inbox, robots: RobotsDoor, credentials: Callable[[], Mapping[str, str]]
    ) -> None:
        self._cloud = cloud
        self._inbox = inbox
        self._robots = robots
        self._credentials = credentials

    def routes(self) -> Iterable[web.RouteDef]:
        """Everything under `/_sim`."""
        yield web.get("/_sim/credentials", self._get_credentials)
        yield web.get("/_sim/stats", self._get_stats)
        yield web.delete("/_sim/stats", self._delete_stats)
        yield web.get("/_sim/instances", self._get_instances)
        yield web.put("/_sim/instances/{id}", self._put_instance)
        yield web.delete("/_sim/instances/{id}", self._delete_instance)
        yield web.get("/_sim/faults", self._get_faults)
        yield web.post("/_sim/faults", self._post_fault)
        yield web.delete("/_sim/faults", self._delete_faults)
        yield web.get("/_sim/messages", self._get_messages)
        yield web.delete("/_sim/messages", self._delete_messages)
        yield web.post("/_sim/robots/{name:.+}", self._post_robot)

    async def _get_credentials(self, _: web.Request) -> web.Response:
        return web.json_response(dict(self._credentials()))

    async def _get_stats(self, _: web.Request) -> web.Response:
        return web.json_response(self._cloud.stats())

    async def _delete_stats(self, _: web.Request) -> web.Response:
        self._cloud.forget_figures()
        return web.Response(status=204)

    async def _get_instances(self, _: web.Request) -> web.Response:
        return web.json_response({"instances": [self._shown(each) for each in self._cloud.members.values()]})

    async def _put_instance(self, request: web.Request) -> web.Response:
        body = await _body(request)
        try:
            member = self._cloud.put(request.match_info["id"], body)
        except ValueError as error:
            raise _wrong(str(error)) from error
        return web.json_response(self._shown(member))

    async def _delete_instance(self, request: web.Request) -> web.Response:
        return web.Response(status=204 if self._cloud.remove(request.match_info["id"]) else 404)

    async def _get_faults(self, _: web.Request) -> web.Response:
        faults = self._cloud.faults.listed(self._cloud.clock().timestamp())
        return web.json_response({"faults": [asdict(fault) for fault in faults]})

    async def _post_fault(self, request: web.Request) -> web.Response:
        body = await _body(request)
        try:
            fault = self._cloud.add_fault(body)
        except ValueError as error:
            raise _wrong(str(error)) from error
        return web.json_response(asdict(fault), status=201)

    async def _delete_faults(self, _: web.Request) -> web.Response:
        self._cloud.faults.clear()
        return web.Response(status=204)

    async def _get_messages(self, request: web.Request) -> web.Response:
        robot, verdict = request.query.get("robot", ""), request.query.get("verdict", "")
        found = self._inbox.listed(robot=robot, verdict=verdict)
        return web.json_response({"messages": [message.as_json() for message in found]})

    async def _delete_messages(self, _: web.Request) -> web.Response:
        self._inbox.clear()
        return web.Response(status=204)

    async def _post_robot(self, request: web.Request) -> web.Response:
        body = await _body(request)
        try:
            self._robots.configure(request.match_info["name"], body)
        except ValueError as error:
            raise _wrong(str(error)) from error
        return web.Response(status=204)

    def _shown(self, member: Member) -> dict[str, Any]:
        moment, machine = self._cloud.moment(member, self._cloud.clock()), member.machine
        counts = {"common": moment.common._asdict(), "cdc": moment.cdc._asdict()}
        fault = moment.fault.kind if moment.fault else None
        return {"id": machine.id, "name": machine.name, "status": machine.status, **counts, "fault": fault}


async def _body(request: web.Request) -> Any:
    try:
        return await request.json()
    except ValueError as error:
        raise _wrong("the body is not JSON") from error


def _wrong(text: str) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(text=json.dumps({"error": text}, ensure_ascii=False), content_type="application/json")
