"""Whether the shim in tests/conftest.py is still needed."""

from __future__ import annotations

import aiohttp
import aioresponses
import aioresponses.core
import pytest


async def test_aioresponses_alone_does_not_work_yet_so_the_shim_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioresponses.core, "ClientResponse", aiohttp.ClientResponse)
    async with aiohttp.ClientSession() as session:
        with aioresponses.aioresponses() as mock:
            mock.get("http://cloud.test/", payload={})
            with pytest.raises(TypeError, match="stream_writer"):
                # If this passes, aioresponses works again: delete the shim in tests/conftest.py, and this file.
                await session.get("http://cloud.test/")


async def test_with_the_shim_a_mocked_answer_is_read() -> None:
    async with aiohttp.ClientSession() as session:
        with aioresponses.aioresponses() as mock:
            mock.get("http://cloud.test/", payload={"counts": 7}, headers={"X-Request-Id": "r1"})
            async with session.get("http://cloud.test/") as response:
                assert (await response.json(), response.headers["X-Request-Id"]) == ({"counts": 7}, "r1")
