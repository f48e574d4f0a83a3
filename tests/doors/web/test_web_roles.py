"""Every address, every method, everybody: who gets in is what the table says, and the table says it of each."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs
from test_web_door import LI, TOKEN, TOKENS, USERS, WANG, basic
from webrows import Client, alert, fill, instance, letter, opened, run

from monitor.access import Role
from monitor.web.door import Door
from monitor.web.roles import NEEDS
from monitor.web.server import make_app
from monitor.web.site import Site

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")
STREAM = "/api/fdi/v1/events"

WHO: Mapping[str, tuple[Role | None, Mapping[str, str]]] = {
    "nobody": (None, {}),
    "a bad token": (None, {"Authorization": f"Bearer {TOKEN}-bad"}),
    "a viewer": (Role.VIEWER, {"Authorization": basic("lili", LI)}),
    "an operator": (Role.OPERATOR, {"Authorization": basic("wang", WANG)}),
    "a viewer's token": (Role.VIEWER, {"Authorization": f"Bearer {TOKEN}-graf"}),
    "an operator's token": (Role.OPERATOR, {"Authorization": f"Bearer {TOKEN}"}),
}


def served(app: web.Application) -> Iterator[tuple[str, str]]:
    """Method and address of each route that there really is."""
    for route in app.router.routes():
        assert route.resource is not None
        if route.method != "HEAD":
            yield route.method, route.resource.canonical


def place(canonical: str) -> str:
    """An address that leads there."""
    return "/static/icon.svg" if canonical == "/static" else re.sub(r"\{[^}]*\}", "x", canonical)


@asynccontextmanager
async def scene(tmp_path: Path) -> AsyncIterator[tuple[web.Application, Client]]:
    async with opened(tmp_path, door=Door(USERS, TOKENS)) as (site, _):
        app = make_app(site)
        async with TestClient(TestServer(app)) as client:
            yield app, client


async def test_every_route_says_what_it_needs_and_nothing_else_is_said(tmp_path: Path) -> None:
    async with scene(tmp_path) as (app, _):
        there = {f"{method} {path}" for method, path in served(app)}
    assert there - NEEDS.keys() == set(), "a route without a role: declare it in monitor/web/roles.py"
    assert NEEDS.keys() - there == set(), "a role without a route"


def test_what_changes_something_is_never_for_everybody() -> None:
    """The two exceptions carry a ticket, or change nothing."""
    writes = {name: role for name, role in NEEDS.items() if not name.startswith("GET ")}
    lenient = {name for name, role in writes.items() if role is not Role.OPERATOR}
    assert lenient == {"POST /links/{link}", "POST /api/fdi/v1/silences/preview"}
    assert {name for name, role in NEEDS.items() if role is None} == {
        "GET /links/{link}",
        "POST /links/{link}",
        "GET /static",
        "GET /healthz",
        "GET /readyz",
        "GET /-/healthy",
        "GET /-/ready",
    }


async def test_everybody_at_every_address_by_every_method(tmp_path: Path) -> None:
    """2 = an answer of the room itself, whatever it is; else 401, 403 and nothing of the room."""
    async with scene(tmp_path) as (app, client):
        for canonical in sorted({path for _, path in served(app)}):
            for method in METHODS:
                for who, (role, headers) in WHO.items():
                    status = await _asked(client, method, place(canonical), headers)
                    name = f"{'GET' if method == 'HEAD' else method} {canonical}"
                    expected = _expected(name, role)
                    got = status if status in (401, 403) else 2
                    assert got == expected, (who, method, canonical, status)


def _expected(name: str, role: Role | None) -> int:
    # a method that an address does not have may be one of a more general address; readers are told of all others
    general = (known for known in NEEDS if re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", known), name))
    needed = NEEDS[name] if name in NEEDS else NEEDS.get(next(general, ""), Role.VIEWER)
    if needed is None:
        return 2
    if role is None:
        return 401
    return 2 if role.covers(needed) else 403


async def _asked(client: Client, method: str, path: str, headers: Mapping[str, str]) -> int:
    answer = await client.request(method, path, headers=headers)
    if path == STREAM:
        answer.close()  # it has no end
    else:
        await answer.read()
    return answer.status


async def test_what_is_nowhere_is_told_to_readers_only(tmp_path: Path) -> None:
    async with scene(tmp_path) as (_, client):
        assert await _asked(client, "GET", "/nowhere", {}) == 401
        assert await _asked(client, "GET", "/nowhere", WHO["a viewer"][1]) == 404


async def test_a_route_that_nobody_declared_is_for_operators(tmp_path: Path) -> None:
    async def forgotten(_request: web.Request) -> web.Response:
        return web.Response(text="seen")

    async with opened(tmp_path, door=Door(USERS, TOKENS)) as (site, _):
        app = make_app(site)
        app.router.add_get("/forgotten", forgotten)
        async with TestClient(TestServer(app)) as client:
            assert await _asked(client, "GET", "/forgotten", {}) == 401
            assert await _asked(client, "GET", "/forgotten", WHO["a viewer"][1]) == 403
            assert await _asked(client, "GET", "/forgotten", WHO["an operator"][1]) == 200


async def test_on_this_machine_without_users_everything_is_open(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        assert not site.door.asks
        for canonical in sorted({path for _, path in served(make_app(site))}):
            assert await _asked(client, "GET", place(canonical), {}) not in (401, 403), canonical


@pytest.mark.parametrize("who", list(WHO))
async def test_no_answer_and_no_log_repeats_a_secret(tmp_path: Path, who: str) -> None:
    """Passwords, tokens, hashes: in the header of every request, and found in nothing that comes back."""
    _, headers = WHO[who]
    canaries = [WANG, LI, TOKEN, *headers.values()]
    canaries += [one.password.written().rpartition(":")[2] for one in USERS]
    canaries += [one.digest.hex() for one in TOKENS]
    with capture_logs() as logs:
        async with opened(tmp_path, door=Door(USERS, TOKENS)) as (site, client):
            await _filled(site)
            for method, canonical in served(make_app(site)):
                if canonical == STREAM:
                    continue
                answer = await client.request(method, place(canonical), headers=headers)
                seen = f"{answer.headers} {await answer.text()}"
                assert [one for one in canaries if one in seen] == [], (method, canonical)
    assert [one for one in canaries if one in str(logs)] == []


async def _filled(site: Site) -> None:
    one = alert(instance("orders"))
    await fill(site.store, [(instance("orders"), [run()])], alert_rows=[one], letters=[letter(one)])
