"""SMN behind the same gateway: who publishes is found out as for every call, then the topic judges the message."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from monitor.simulator.cloud import Cloud
from monitor.simulator.gate import Gate
from monitor.simulator.replies import WRONG_PROJECT
from monitor.simulator.robots.door import RobotsDoor
from monitor.simulator.robots.smn import SmnTopics
from monitor.simulator.wire import Declined


class SmnApi:
    """`POST /v2/{project_id}/notifications/topics/{address}/publish`."""

    def __init__(self, cloud: Cloud, gate: Gate, robots: RobotsDoor, topics: SmnTopics) -> None:
        self._cloud = cloud
        self._gate = gate
        self._handle = robots.handler(topics)

    def routes(self) -> Iterable[web.RouteDef]:
        path = "/v2/{project_id}/notifications/topics/{address}/publish"
        yield web.post(path, self._gate.guard(self._publish))

    async def _publish(self, request: web.Request) -> web.StreamResponse:
        await self._gate.authenticate(request, self._cloud.clock())
        if request.match_info["project_id"] != self._cloud.account.project_id:
            raise Declined(WRONG_PROJECT, "project")
        response: web.StreamResponse = await self._handle(request)
        return response
