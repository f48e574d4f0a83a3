"""Small helpers for talking to the simulated cloud in tests."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from monitor.simulator import Credentials, Scenario, Simulator, SimulatorOptions, signature

START = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


class MovableClock:
    """A clock that stands until it is moved."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)


class Client:
    """One session with the paths of the API."""

    def __init__(self, sim: Simulator, session: aiohttp.ClientSession) -> None:
        self.sim = sim
        self.session = session
        self.credentials: Credentials = sim.credentials
        self.ids = {member.machine.name: member.machine.id for member in sim.cloud.members.values()}

    def token(self) -> dict[str, str]:
        """A header with a fresh token."""
        return {"X-Auth-Token": self.sim.cloud.tokens.issue(self.sim.cloud.clock()).value}

    def path(self, instance: str, call: str = "statistics/tasks") -> str:
        return f"/v2/{self.credentials.project_id}/fdi/instances/{self.ids.get(instance, instance)}/{call}"

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, Any, Mapping[str, str]]:
        """Status, JSON body and headers."""
        chosen = self.token() if headers is None else headers
        async with self.session.get(self.credentials.url + path, headers=chosen, allow_redirects=False) as response:
            return response.status, await response.json(content_type=None), response.headers.copy()

    async def send(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Status and JSON body (None if it is empty)."""
        async with self.session.request(method, self.credentials.url + path, json=body) as response:
            raw = await response.read()
            return response.status, await response.json() if raw else None

    def login(self, password: str | None = None, project: str = "cn-north-4") -> dict[str, Any]:
        """The documented body of a password login."""
        known = self.credentials
        user = {"name": known.user, "password": password or known.password, "domain": {"name": known.domain}}
        identity = {"methods": ["password"], "password": {"user": user}}
        return {"auth": {"identity": identity, "scope": {"project": {"name": project}}}}

    def signed(self, path: str, *, at: datetime, secret: str = "") -> dict[str, str]:
        """Headers of a GET signed with the account's key."""
        host = self.credentials.url.removeprefix("http://")
        headers = {"host": host, "x-sdk-date": at.strftime("%Y%m%dT%H%M%SZ")}
        names = ("host", "x-sdk-date")
        canonical = signature.canonical_request("GET", path, headers=headers, signed=names, body=b"")
        made = signature.sign(secret or self.credentials.secret_key, headers["x-sdk-date"], canonical)
        key = self.credentials.access_key
        authorization = f"{signature.ALGORITHM} Access={key}, SignedHeaders={';'.join(names)}, Signature={made}"
        return {**headers, "Authorization": authorization}


@asynccontextmanager
async def cloud(clock: MovableClock | None = None, **options: Any) -> AsyncIterator[Client]:
    """A cloud in which nothing happens by itself, and a client of it."""
    chosen = {"instances": 3, "scenario": Scenario(), "quota": "1000/s", **options}
    if clock is not None:
        chosen["clock"] = clock
    async with (
        aiohttp.ClientSession(max_field_size=131_072, max_line_size=131_072) as session,
        Simulator(SimulatorOptions(**chosen)) as sim,
    ):
        yield Client(sim, session)


def feishu_text(text: str, *, secret: str = "", at: datetime = START) -> dict[str, Any]:
    """A text message for a Feishu robot, signed as documented if there is a secret."""
    body: dict[str, Any] = {"msg_type": "text", "content": {"text": text}}
    if secret:
        timestamp = str(int(at.timestamp()))
        digest = hmac.new(f"{timestamp}\n{secret}".encode(), digestmod=hashlib.sha256).digest()
        body |= {"timestamp": timestamp, "sign": base64.b64encode(digest).decode()}
    return body
