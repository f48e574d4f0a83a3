"""`POST /-/reload`, and who may ask for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from webrows import NOW, Client

from monitor.errors import Fault
from monitor.meters import Meters, Pulse
from monitor.nudge import Nudge
from monitor.reloaded import Difference, Reloaded
from monitor.store.database import open_store
from monitor.web.server import make_app
from monitor.web.site import Site

DONE = Reloaded(rules=Difference(added=("more",), removed=("less",)), route=True)
FAULT = Fault("rules/fdi.yaml", 12, 9, "there is no name `abnromal`", "rules.0.when")


@asynccontextmanager
async def opened(data: Path, done: Reloaded | None) -> AsyncIterator[Client]:
    async def reload() -> Reloaded:
        assert done is not None
        return done

    async with open_store(data) as store:
        site = Site(store, Meters(), Pulse(), lambda: NOW, Nudge(), reload=reload if done is not None else None)
        async with TestClient(TestServer(make_app(site))) as client:
            yield client


async def test_it_answers_with_what_changed(tmp_path: Path) -> None:
    async with opened(tmp_path, DONE) as client:
        answer = await client.post("/-/reload")
        assert answer.status == 200
        assert await answer.json() == {
            "ok": True,
            "accounts": {"added": [], "changed": [], "removed": []},
            "rules": {"added": ["more"], "changed": [], "removed": ["less"]},
            "receivers": {"added": [], "changed": [], "removed": []},
            "route": "changed",
            "quieting": "unchanged",
            "heartbeat": "unchanged",
            "drill": "unchanged",
            "kept": [],
            "errors": [],
        }


async def test_faults_of_files_are_422_with_their_places(tmp_path: Path) -> None:
    async with opened(tmp_path, Reloaded(faults=(FAULT,), kept=("rules/fdi.yaml",))) as client:
        answer = await client.post("/-/reload")
        assert answer.status == 422
        told = await answer.json()
        assert (told["ok"], told["kept"]) == (False, ["rules/fdi.yaml"])
        assert told["errors"] == [
            {
                "file": "rules/fdi.yaml",
                "line": 12,
                "column": 9,
                "path": "rules.0.when",
                "message": "there is no name `abnromal`",
            }
        ]


async def test_what_is_no_fault_of_the_files_is_500(tmp_path: Path) -> None:
    async with opened(tmp_path, Reloaded(trouble="the store did not answer")) as client:
        answer = await client.post("/-/reload")
        assert (answer.status, (await answer.json())["errors"]) == (500, [{"message": "the store did not answer"}])


async def test_a_service_whose_policy_never_changes_has_nothing_to_reload(tmp_path: Path) -> None:
    async with opened(tmp_path, None) as client:
        assert (await client.post("/-/reload")).status == 404


async def test_to_look_at_it_changes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path, DONE) as client:
        assert (await client.get("/-/reload")).status == 405


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 403),
        ({"Origin": "http://localhost", "Host": "localhost"}, 200),
        ({"Origin": "http://localhost:1", "Host": "localhost:2"}, 403),
        ({"Origin": "https://evil.example.com"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
async def test_a_page_of_another_site_may_not_ask(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    async with opened(tmp_path, DONE) as client:
        answer = await client.post("/-/reload", headers=headers)
        assert answer.status == status
        if status == 403:
            assert "another site" in await answer.text()
