"""Where the faults are played: a simulated cloud, or a server that does what no cloud would do on purpose."""

from __future__ import annotations

import asyncio
import gzip
import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from pydantic import SecretStr
from quiet_loop import QuietLoop

from monitor.clock import Clock
from monitor.fdi.account import Account, Aksk, Password, Quota
from monitor.model import Instance
from monitor.simulator import Scenario, Simulator, SimulatorOptions

ILL, WELL = "orders", "invoices"
"""The instance that the fault hits, and another one of the same account."""

BROKEN = {"common": {"running": 5, "abnormal": 1, "terminated": 0, "completed": 9}, "cdc": {"abnormal": 2}}
MENDED = {"common": {"abnormal": 0}, "cdc": {"abnormal": 0}}
"""What is true of `ILL` until the fault is over, and after that."""

NOTHING = dict.fromkeys(("running", "abnormal", "terminated", "completed"), 0)
ODD: dict[str, dict[str, dict[str, int]]] = {
    "all counts zero": {"common": NOTHING, "cdc": NOTHING},
    "fewer completed": {"common": {"completed": 4}},
}
"""Good answers that look wrong."""

RAW_SECRET = "raw-canary-secret-key"


class Stage(ABC):
    """A cloud with the instances `ILL` and `WELL` that can be spoilt and mended."""

    account: Account
    ill: Instance
    well: Instance
    secrets: tuple[str, ...]

    @abstractmethod
    def requests(self, instance: Instance) -> int:
        """How many requests for the counts of `instance` have arrived."""

    def logins(self) -> int:
        """How many requests for a token have arrived."""
        return 0

    @abstractmethod
    async def spoil(self) -> None:
        """The fault begins."""

    @abstractmethod
    async def mend(self) -> None:
        """The fault is over, and so are the abnormal tasks."""


class Simulated(Stage):
    """A fault of the simulated cloud, or counts that look wrong."""

    def __init__(self, sim: Simulator, kind: str, *, password: bool) -> None:
        self._sim, self._kind = sim, kind
        known = sim.credentials
        auth = (
            Password(known.domain, known.user, SecretStr(known.password))
            if password
            else Aksk(known.access_key, SecretStr(known.secret_key))
        )
        self.account = _account(known.url, auth, project=known.project_id)
        ids = {machine.name: machine.id for machine in sim.cloud.machines()}
        self.ill, self.well = (Instance("prod", ids[name], name, "cn-north-4") for name in (ILL, WELL))
        sim.cloud.put(ILL, BROKEN)

    @classmethod
    @asynccontextmanager
    async def opened(cls, kind: str, now: Clock, *, password: bool = False) -> AsyncIterator[Self]:
        """The stage, while its cloud listens."""
        options = SimulatorOptions(instances=2, quota="1000/s", scenario=Scenario(), clock=now)
        async with Simulator(options) as sim:
            yield cls(sim, kind, password=password)

    @property
    def secrets(self) -> tuple[str, ...]:  # type: ignore[override]
        known = self._sim.credentials
        return (known.secret_key, known.password, *self._sim.cloud.tokens._known)

    def requests(self, instance: Instance) -> int:
        return self._sim.cloud.figures.instances[instance.id]

    def logins(self) -> int:
        return self._sim.cloud.figures.calls["token"]

    async def spoil(self) -> None:
        if self._kind in ODD:
            self._sim.cloud.put(ILL, ODD[self._kind])
        else:
            self._sim.cloud.add_fault({"instance": ILL, "kind": self._kind})

    async def mend(self) -> None:
        self._sim.cloud.faults.clear()
        self._sim.cloud.put(ILL, BROKEN)
        self._sim.cloud.put(ILL, MENDED)


class Raw(Stage):
    """A server that answers with bytes as they are, one request a connection."""

    secrets = (RAW_SECRET,)

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._host = f"{kind.replace(' ', '-')}.test"
        self._seen: Counter[str] = Counter()
        self._counts, self._spoilt = BROKEN, False
        self._port = 0
        self.ill, self.well = (Instance("prod", f"id-{name}", name, "cn-north-4") for name in (ILL, WELL))

    @classmethod
    @asynccontextmanager
    async def opened(cls, kind: str) -> AsyncIterator[Self]:
        """The stage, while its server listens."""
        stage = cls(kind)
        _loop().names[stage._host] = "127.0.0.1"
        await stage._listen()
        try:
            auth = Aksk("AKRAW", SecretStr(RAW_SECRET))
            stage.account = _account(f"http://{stage._host}:{stage._port}", auth, project="p-raw")
            yield stage
        finally:
            await stage._close()

    def requests(self, instance: Instance) -> int:
        return self._seen[instance.id]

    async def spoil(self) -> None:
        self._spoilt = True
        if self._kind == UNKNOWN_HOST:
            del _loop().names[self._host]
        elif self._kind == REFUSED:
            await self._close()

    async def mend(self) -> None:
        self._spoilt, self._counts = False, {kind: BROKEN[kind] | MENDED[kind] for kind in BROKEN}
        if self._kind == UNKNOWN_HOST:
            _loop().names[self._host] = "127.0.0.1"
        elif self._kind == REFUSED:
            await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            asked = next(one for one in (self.ill, self.well) if f"/{one.id}/" in head)
            self._seen[asked.id] += 1
            body = _statistics(self._counts)
            if self._spoilt and asked is self.ill:
                writer.write(BYTES[self._kind](body))
            else:
                writer.write(_with_length(body))
            await writer.drain()
        except ConnectionError:
            return  # the client has read enough
        finally:
            writer.close()


UNKNOWN_HOST, REFUSED = "unknown host", "connection refused"
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: r-raw\r\nConnection: close\r\n"
_BOMB = gzip.compress(b" " * (16 << 20))


def _with_length(body: bytes, length: int | None = None) -> bytes:
    return _HEAD + f"Content-Length: {len(body) if length is None else length}\r\n\r\n".encode() + body


BYTES: Mapping[str, Callable[[bytes], bytes]] = {
    "content length too large": lambda body: _with_length(body, len(body) + 50),
    "content length too small": lambda body: _with_length(body, len(body) - 50),
    "gzip bomb": lambda _: _HEAD + b"Content-Encoding: gzip\r\n\r\n" + _BOMB,
    "no HTTP": lambda _: b"SSH-2.0-OpenSSH_9.2\r\n",
    "closed without an answer": lambda _: b"",
}
NETWORK = (UNKNOWN_HOST, REFUSED, *BYTES)
"""What the simulated cloud cannot do."""


@dataclass(frozen=True)
class Scene:
    """A fault and the credentials it meets: an access key, or a user with a password."""

    fault: str
    password: bool = False

    @property
    def odd(self) -> bool:
        """Whether it is no fault, only counts that look wrong."""
        return self.fault in ODD

    @asynccontextmanager
    async def opened(self, now: Clock) -> AsyncIterator[Stage]:
        """Its stage."""
        if self.fault in NETWORK:
            async with Raw.opened(self.fault) as raw:
                yield raw
        else:
            async with Simulated.opened(self.fault, now, password=self.password) as simulated:
                yield simulated

    def __str__(self) -> str:
        return f"{self.fault} with a password" if self.password else self.fault


def _account(base: str, auth: Aksk | Password, *, project: str) -> Account:
    ample = Quota(1000, timedelta(seconds=1))
    return Account("prod", base, base, auth, region="cn-north-4", project_id=project, quota=ample)


def _statistics(counts: Mapping[str, Mapping[str, int]]) -> bytes:
    body = {
        f"{kind}_task_details": {f"{state}_tasks_count": counts[kind].get(state, 0) for state in NOTHING}
        for kind in ("common", "cdc")
    }
    return json.dumps(body).encode()


def _loop() -> QuietLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, QuietLoop)
    return loop
