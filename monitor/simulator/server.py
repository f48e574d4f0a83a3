"""The simulated cloud as a server: builds its parts, listens on one port, closes in reverse order."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Self

from aiohttp import web

from monitor.clock import Clock, now
from monitor.simulator.chat.page import ChatRoom
from monitor.simulator.cloud import Cloud, Rules
from monitor.simulator.control_api import ControlApi
from monitor.simulator.fdi_api import FdiApi
from monitor.simulator.gate import Gate
from monitor.simulator.iam_api import IamApi
from monitor.simulator.inbox import Inbox, Message
from monitor.simulator.metadata_api import Metadata, MetadataApi
from monitor.simulator.quota import Limit
from monitor.simulator.replies import NO_API
from monitor.simulator.robots.door import RobotsDoor
from monitor.simulator.robots.everyone import everyone
from monitor.simulator.robots.smn import SmnTopics
from monitor.simulator.scenario import Scenario
from monitor.simulator.smn_api import SmnApi
from monitor.simulator.wire import REQUEST_ID, error_response, stamp

LONGEST_HEADER = 131_072
"""Documented tokens reach 102,400 characters; aiohttp's own limit is 8,190."""
LARGEST_BODY = 32 * 1024 * 1024
ROBOT = "demo"
"""Address of the Feishu robot that checks signatures from the start."""


@dataclass(frozen=True, slots=True)
class SimulatorOptions:
    """How the cloud is set up. `scenario` None is the built-in one; `Scenario()` is a cloud where nothing happens.

    With `metadata` the port is also that of a server's metadata service.
    """

    instances: int = 20
    quota: str = "20/s"
    seed: int = 1
    host: str = "127.0.0.1"
    port: int = 0
    scenario: Scenario | None = None
    region: str = "cn-north-4"
    token_size: int = 2_000
    token_life: timedelta = timedelta(hours=24)
    metadata: Metadata | None = None
    clock: Clock = field(default=now, repr=False)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Everything a client needs, in the order in which it is printed."""

    url: str
    access_key: str
    secret_key: str = field(repr=False)
    project_id: str
    region: str
    domain: str
    user: str
    password: str = field(repr=False)
    feishu_webhook: str
    feishu_secret: str = field(repr=False)
    webhook: str
    chat: str

    def as_dict(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in self.__slots__}


class Simulator:
    """The cloud, listening while the `async with` block runs. A port in use raises `OSError`.

    `cloud` changes what happens (`put`, `remove`, `add_fault`, `faults.clear`, `stats`), `robots.configure` how the
    robots behave.
    """

    def __init__(self, options: SimulatorOptions | None = None) -> None:
        self.options = chosen = options or SimulatorOptions()
        rules = Rules(chosen.seed, Limit.parse(chosen.quota), chosen.region, chosen.token_size, chosen.token_life)
        self.cloud = Cloud(rules, chosen.clock, instances=chosen.instances, scenario=chosen.scenario)
        self.inbox = Inbox()
        self._secret = f"sim-{self.cloud.account.password}"
        self._topics = SmnTopics()
        self.robots = RobotsDoor((*everyone(ROBOT, self._secret), self._topics), self.inbox, chosen.clock)
        self._closing = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        self._runner = web.AppRunner(
            self._app(),
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=1.0,
            max_field_size=LONGEST_HEADER,
            max_line_size=LONGEST_HEADER,
        )
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self.options.host, self.options.port, backlog=1024).start()
        except BaseException:
            await self._runner.cleanup()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """The address of everything, without a trailing slash."""
        if self._runner is None or not self._runner.addresses:
            raise RuntimeError("the simulator is not running: use `async with`")
        host, port = self._runner.addresses[0][:2]
        if host in ("0.0.0.0", "::"):  # noqa: S104 -- compared, not bound
            host = "127.0.0.1"
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def credentials(self) -> Credentials:
        account, url = self.cloud.account, self.url
        return Credentials(
            url=url,
            access_key=account.access_key,
            secret_key=account.secret_key,
            project_id=account.project_id,
            region=account.region,
            domain=account.domain,
            user=account.user,
            password=account.password,
            feishu_webhook=f"{url}/feishu/{ROBOT}",
            feishu_secret=self._secret,
            webhook=f"{url}/webhook/demo",
            chat=f"{url}/chat",
        )

    def _credentials(self) -> dict[str, str]:
        return self.credentials.as_dict()

    def messages(self, *, robot: str = "", verdict: str = "") -> list[Message]:
        """What the robots were sent, oldest first."""
        return self.inbox.listed(robot=robot, verdict=verdict)

    def _app(self) -> web.Application:
        gate = Gate(self.cloud)
        parts = (
            FdiApi(self.cloud, gate, self._closing),
            IamApi(self.cloud, gate, self._closing),
            ControlApi(self.cloud, self.inbox, self.robots, self._credentials),
            SmnApi(self.cloud, gate, self.robots, self._topics),
            self.robots,
            ChatRoom(self.inbox, self.robots.kinds, self._closing),
        )
        app = web.Application(client_max_size=LARGEST_BODY)
        for part in parts:
            app.router.add_routes(part.routes())
        if self.options.metadata is not None:
            app.router.add_routes(MetadataApi(self.cloud, self.options.metadata).routes())
        app.router.add_get("/", _to_chat)
        app.router.add_route("*", "/{version:v[0-9.]+}/{rest:.*}", self._unpublished)
        app.on_response_prepare.append(stamp)
        return app

    async def _unpublished(self, request: web.Request) -> web.StreamResponse:
        request[REQUEST_ID] = self.cloud.request_id()
        return error_response(NO_API, request[REQUEST_ID])


async def _to_chat(_: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("/chat")
