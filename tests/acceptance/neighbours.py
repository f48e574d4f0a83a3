"""What else stands around the service in a story: a mail server, a robot that takes its time, a cloud of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session
from setting import environment


@dataclass
class Mailbox:
    """What a mail server took, and how it is reached."""

    port: int = 0
    received: list[Envelope] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        self.received.append(envelope)
        return "250 OK"

    @property
    def settings(self) -> dict[str, str]:
        return {"SMTP__HOST": "127.0.0.1", "SMTP__PORT": str(self.port), "SMTP__SENDER": "monitor@example.com"}

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(envelope.original_content or b"", policy=default) for envelope in self.received]

    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mails]


@asynccontextmanager
async def mail_server() -> AsyncIterator[Mailbox]:
    """A real SMTP server."""
    box, loop = Mailbox(), asyncio.get_running_loop()
    make: Callable[[], SMTP] = lambda: SMTP(box, loop=loop)  # noqa: E731 - typed
    server = await loop.create_server(make, "127.0.0.1", 0)
    async with server:
        box.port = server.sockets[0].getsockname()[1]
        yield box


@dataclass
class SlowRobot:
    """A webhook that answers so many seconds `after` it was asked, and what it was asked."""

    after: float
    url: str = ""
    ids: list[str] = field(default_factory=list)
    answered: int = 0

    @property
    def begun(self) -> int:
        return len(self.ids)


@asynccontextmanager
async def slow_robot(*, after: float) -> AsyncIterator[SlowRobot]:
    """A robot of its own, outside the simulated cloud."""
    robot = SlowRobot(after)

    async def answer(request: web.Request) -> web.Response:
        robot.ids.append(request.headers["Idempotency-Key"])
        await asyncio.sleep(robot.after)
        robot.answered += 1
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_post("/", answer)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        robot.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        yield robot
    finally:
        await runner.cleanup()


@asynccontextmanager
async def cloud_of_its_own(folder: Path, *options: str) -> AsyncIterator[str]:
    """The address of a simulated cloud in a process of its own, which nothing in the tests delays. It has the
    credentials of `cloud`, for it has the same seed."""
    scenario = folder / "nothing-happens.yaml"
    scenario.write_text("steps: []\n")
    command = ["-m", "monitor", "simulate", "--port", "0", "--scenario", str(scenario), *options]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=folder, env=environment(None, folder, {}), stdout=asyncio.subprocess.PIPE
    )
    try:
        said = await process.stdout.readline() if process.stdout else b""
        yield said.decode().removeprefix("url: ").strip()
    finally:
        process.terminate()
        await process.communicate()
