"""The service in a story: the real process, its log, its pages; killed, stopped and started again at will."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from setting import environment, write
from waiting import want
from world import World

STARTS = 30.0
STOPS = 5.0
"""Seconds in which a service that is asked to stop has to be gone."""

PAGES = ("/", "/?all", "/?lang=zh", "/status", "/metrics", "/healthz", "/readyz")

_OURS = re.compile(r"\{.*\}|fdi-monitor: .*|")
"""What may stand on standard error: JSON, a word from the command itself, an empty line."""


class Service:
    """One data folder and the process that works in it. All its processes write one log."""

    def __init__(
        self, folder: Path, world: World, settings: Mapping[str, str], variables: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.world = world
        self.settings = dict(settings)
        self.variables = dict(variables or {})
        self.address = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._begun_at = 0
        self._seen: list[str] = []

    # its life

    def spawn(self) -> None:
        """Starts the process and does not wait for it."""
        if self._process is not None:
            raise RuntimeError("it runs already")
        self.address = ""
        self._begun_at = len(self.log())
        with self._path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "monitor", "run", "--rules", str(self.folder / "rules")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={**environment(self.world, self.folder, self.settings), **self.variables},
            )

    async def start(self) -> None:
        """Starts the process and waits until it runs."""
        self.spawn()
        await self.runs()

    async def runs(self) -> None:
        """Waits until the process that was started runs."""

        def address() -> str:
            if not self.alive:
                raise AssertionError(f"it ended before it ran:\n{self.tail()}")
            lines = [line for line in self.log()[self._begun_at :] if line["event"] == "running"]
            return str(lines[-1]["pages"]) if lines else ""

        self.address = await want("the service runs", address, within=STARTS)

    def kill(self) -> None:
        """SIGKILL: nothing is asked, nothing is tidied up."""
        process, self._process = self._there(), None
        process.kill()
        process.wait()

    async def stop(self, number: signal.Signals = signal.SIGTERM, *, within: float = STOPS) -> None:
        """Asks it to stop, and wants it to end well and soon."""
        self.signal(number)
        code = await self.ended(within=within)
        if code != 0:
            raise AssertionError(f"stopped with {number.name} it ended with {code}:\n{self.tail()}")

    def signal(self, number: signal.Signals) -> None:
        self._there().send_signal(number)

    async def ended(self, *, within: float) -> int:
        """The exit code of the process, which ends by itself."""
        process = self._there()
        await want("it ends", lambda: process.poll() is not None, within=within)
        self._process = None
        return int(process.returncode)

    async def end(self, how: str) -> None:
        """`SIGKILL` or `SIGTERM`."""
        if how == "SIGKILL":
            self.kill()
        else:
            await self.stop()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _there(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("it was not started, or has been put down")
        return self._process

    # what it shows

    @property
    def _path(self) -> Path:
        return self.folder / "service.log"

    @property
    def database(self) -> Path:
        return self.folder / "data" / "fdi-monitor.sqlite3"

    def log(self, event: str = "") -> list[dict[str, Any]]:
        """Its log so far, or the lines of one event. What a kill cut off in the middle of a line is no line."""
        if not self._path.exists():
            return []
        text, _, _ = self._path.read_text(encoding="utf-8").rpartition("\n")
        lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        return [line for line in lines if event in ("", line["event"])]

    def tail(self) -> str:
        """The end of its log, for people."""
        return "\n".join(self._path.read_text(encoding="utf-8", errors="replace").splitlines()[-25:])

    async def page(self, path: str) -> tuple[int, str]:
        """Status and text of one of its pages."""
        async with aiohttp.ClientSession() as session, session.get(self.address + path) as response:
            text = await response.text()
        self._seen.append(text)
        return response.status, text

    async def figure(self, name: str, **labels: str) -> float | None:
        """One number of `/metrics`: the sum over the series with these labels, None if there is none."""
        _, text = await self.page("/metrics")
        wanted = {f'{label}="{value}"' for label, value in labels.items()}
        found = []
        for line in text.splitlines():
            series, _, value = line.rpartition(" ")
            bare, _, rest = series.partition("{")
            if bare == name and wanted <= set(rest.rstrip("}").split(",")):
                found.append(float(value))
        return sum(found) if found else None

    async def counts(self, value: float, name: str, **labels: str) -> bool:
        """Whether that number stands in `/metrics`; 0 also stands where there is no series."""
        return (await self.figure(name, **labels) or 0) == value

    # what must never be seen

    async def look_around(self) -> None:
        """Opens every page once, as long as it runs."""
        if self.alive and self.address:
            for path in PAGES:
                await self.page(path)

    def check(self, mails: Sequence[bytes] = ()) -> None:
        """No traceback, no complaint of a library, no line that is neither log nor ours; no secret anywhere."""
        for line in self.log():
            if "exception" in line or line.get("logger") in ("asyncio", "py.warnings"):
                raise AssertionError(f"the log tells of a bug: {line}")
        for text in self._path.read_text(encoding="utf-8").splitlines():
            if not _OURS.fullmatch(text):
                raise AssertionError(f"this is no line of ours: {text}")
        sent = [json.dumps(message.body, ensure_ascii=False) for message in self.world.sim.messages()]
        places = {
            "the log": self._path.read_bytes(),
            "a page": "\n".join(self._seen).encode(),
            "a message": "\n".join(sent).encode(),
            "an e-mail": b"\n".join(mails),
            "the store": b"".join(file.read_bytes() for file in sorted((self.folder / "data").glob("*"))),
        }
        for place, content in places.items():
            for secret in self.world.secrets:
                if secret.encode() in content:
                    raise AssertionError(f"{place} holds the secret {secret}")

    def put_down(self) -> None:
        """Whatever became of the story, its process ends with it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@asynccontextmanager
async def service(
    folder: Path,
    world: World,
    written: Mapping[str, Any],
    *,
    settings: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
) -> AsyncIterator[Service]:
    """A service over this policy that runs when the block begins, and is stopped and looked through at its end.
    `variables` are those of its machine beside the usual ones."""
    write(folder, written)
    one = Service(folder, world, settings or {}, variables)
    try:
        await one.start()
        yield one
        await one.look_around()
        if one._process is not None:
            await one.stop()
        one.check()
    except BaseException as error:
        error.add_note(f"the end of the log:\n{one.tail()}")
        raise
    finally:
        one.put_down()
