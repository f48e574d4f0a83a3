"""People log in, in a real browser, below a part of an address: the page is live, and nothing asks at the root."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_network
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Error, Response
from test_web_browser import LIVE, Served, browser, served

from monitor.access import Role, User
from monitor.passwords import hashed
from monitor.web.door import Door
from monitor.web.server import make_app, serve

__all__ = ["browser", "served"]

PASSWORD = "Tr0ub4dor-密码"
WANG = User("王", Role.VIEWER, hashed(PASSWORD, b"0123456789abcdef", cost=1 << 14, parallel=1))


@asynccontextmanager
async def below(port: int) -> AsyncIterator[int]:
    """A proxy for what is under /fdi/, byte by byte; the port that it listens on."""

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()
        writer.close()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            method, path, rest = (await reader.readline()).split(b" ", 2)
            if not path.startswith(b"/fdi/"):
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            theirs, ours = await asyncio.open_connection("127.0.0.1", port)
            ours.write(b" ".join((method, path.removeprefix(b"/fdi"), rest)))
            while (line := await reader.readline()) != b"\r\n":
                ours.write(b"" if line.lower().startswith(b"connection:") else line)
            ours.write(b"X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Prefix: /fdi\r\nConnection: close\r\n\r\n")
            await copy(theirs, writer)
            ours.close()
        finally:
            writer.close()

    async with await asyncio.start_server(take, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def test_people_log_in_and_the_page_below_a_part_of_the_address_is_live(browser: Browser, served: Served) -> None:
    site = replace(served.site, door=Door([WANG]), trusted=[ip_network("127.0.0.0/8")])
    async with serve(make_app(site), "127.0.0.1", 0) as port, below(port) as front:
        address = f"http://127.0.0.1:{front}/fdi/"
        stranger = await browser.new_page()
        shown = await stranger.request.get(address)
        assert (shown.status, "tasks-abnormal" in await shown.text()) == (401, False)
        with pytest.raises(Error, match="ERR_INVALID_AUTH_CREDENTIALS"):
            await stranger.goto(address)  # here somebody would be asked who they are

        context = await browser.new_context(http_credentials={"username": "王", "password": PASSWORD})
        page, complaints, answers = await context.new_page(), list[str](), list[Response]()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        context.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - it wants a function
        await page.goto(address)
        await page.wait_for_selector(LIVE)
        places = {urlsplit(one.url).path: one.status for one in answers if one.status != 401}
        assert set(places.values()) == {200}
        assert [place for place in places if not place.startswith("/fdi/")] == []
        assert "/fdi/api/fdi/v1/events" in places
        assert complaints == []
        await context.close()
