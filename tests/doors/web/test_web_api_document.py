"""What docs/api.md shows is answered as it says."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import fences
from test_web_openapi import filled

from monitor.web import am_posts, events, paging

TEXT = fences.text("docs/api.md")
HERE = "http://127.0.0.1:8080"


def calls() -> list[tuple[str, str, str | None]]:
    """Method, path and body of every call, in their order."""
    found = []
    for block in fences.blocks("sh", page="docs/api.md"):
        for line in block.text.splitlines():
            command, silent, *rest = shlex.split(line)
            assert (command, silent) == ("curl", "-s")
            options = dict(zip(rest[:-1:2], rest[1:-1:2], strict=True))
            body = options.get("-d")
            method = options.get("-X", "POST" if body else "GET")
            found.append((method, rest[-1].removeprefix(HERE), body))
    return found


async def test_every_call_is_answered(tmp_path: Path) -> None:
    assert len(calls()) >= 12
    async with filled(tmp_path) as client:
        for method, path, body in calls():
            answer = await client.request(method, path, data=body)
            assert answer.status == 200, (method, path, await answer.text())


async def test_the_error_that_is_shown_is_the_one_that_is_told(tmp_path: Path) -> None:
    [block] = fences.blocks("json", page="docs/api.md")
    async with filled(tmp_path) as client:
        answer = await client.get("/api/fdi/v1/alerts?limit=0")
        assert await answer.json() == json.loads(block.text)


def test_the_limits_are_the_limits() -> None:
    for number in (paging.MOST, am_posts.MOST, am_posts.VALUE):
        assert f"{number:,}" in TEXT
    assert f"{am_posts.BODY // 1024 // 1024} MiB" in TEXT
    assert f"{am_posts.MOST_LABELS} labels" in TEXT
    assert f"every {events.HEARTBEAT:g} s" in TEXT
