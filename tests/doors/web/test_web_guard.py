"""What holds for every answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from webrows import NOW, opened, refused

from monitor.meters import Meters, Pulse
from monitor.nudge import Nudge
from monitor.store.database import open_store
from monitor.web.hosts import answered, named
from monitor.web.server import make_app
from monitor.web.site import Site

AMISS = "This service does not answer to that name. Open it as localhost, or name it in FDI_MONITOR_PUBLIC_URL."
EVERYWHERE = [
    "/",
    "/alerts/nothing",
    "/healthz",
    "/readyz",
    "/metrics",
    "/static/live.js",
    "/api/fdi/v1/events",
    "/nowhere",
]


async def said(answer: ClientResponse) -> tuple[int, str]:
    """The status of an error and its words, as a page or as our own API tells them."""
    if answer.url.path.startswith("/api/fdi/"):
        return await refused(answer)
    assert answer.content_type == "text/plain"
    status, _, words = (await answer.text()).strip().partition(": ")
    assert status == str(answer.status)
    return answer.status, words


@pytest.mark.parametrize("path", EVERYWHERE)
async def test_every_answer_carries_the_headers_that_keep_browsers_safe(tmp_path: Path, path: str) -> None:
    async with opened(tmp_path) as (_, client):
        answer = await client.get(path)
        headers = answer.headers
        answer.close()
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] in ("no-store", "no-cache")
    assert headers["Server"] == "fdi-monitor"


@pytest.mark.parametrize("path", EVERYWHERE)
@pytest.mark.parametrize(
    "host", ["evil.example.com", "localhost.evil.example.com", "127.0.0.1.evil.com:80", "a@localhost", ""]
)
async def test_a_foreign_name_is_refused(tmp_path: Path, path: str, host: str) -> None:
    async with opened(tmp_path) as (_, client):
        answer = await client.get(path, headers={"Host": host})
        assert await said(answer) == (421, AMISS)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:8080", "[::1]"])
async def test_the_names_of_this_machine_are_answered(tmp_path: Path, host: str) -> None:
    async with opened(tmp_path) as (_, client):
        assert (await client.get("/healthz", headers={"Host": host})).status == 200


def test_on_loopback_the_public_name_is_answered_too() -> None:
    own = frozenset({"localhost", "127.0.0.1", "::1"})
    assert answered("127.0.0.1", "https://FDI.example.com:8443/x") == own | {"fdi.example.com"}
    assert answered("127.0.0.7") == own | {"127.0.0.7"}
    assert answered("localhost") == answered("::1") == own


@pytest.mark.parametrize("bound", ["0.0.0.0", "::", "10.0.0.7", "monitor.example.com"])
def test_beyond_loopback_every_name_is_answered(bound: str) -> None:
    assert answered(bound, "https://fdi.example.com") is None


@pytest.mark.parametrize(
    "host", ["", "localhost:", "a b", "[::1", "::1", "localhost:80:80", "localhost:x", "a@localhost"]
)
def test_what_is_no_host_has_no_name(host: str) -> None:
    assert named(host) == ""


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/metrics", "/api/fdi/v1/events"])
async def test_only_reading_is_possible(tmp_path: Path, method: str, path: str) -> None:
    async with opened(tmp_path) as (_, client):
        answer = await client.request(method, path)
        assert "GET" in answer.headers["Allow"]
        assert await said(answer) == (405, "This address cannot be used in that way.")


async def test_head_is_get_without_a_body(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client):
        answer = await client.head("/")
        assert (answer.status, await answer.read()) == (200, b"")


@pytest.mark.parametrize(
    "path", ["/nowhere", "/static/", "/static/../server.py", "/static/%2e%2e/server.py", "/templates/page.html"]
)
async def test_what_is_not_there_is_a_short_page(tmp_path: Path, path: str) -> None:
    async with opened(tmp_path) as (_, client):
        answer = await client.get(path)
        assert answer.status in (403, 404)
        assert answer.content_type == "text/plain"
        assert len(await answer.text()) < 60


async def test_a_bug_shows_nothing_of_the_inside(tmp_path: Path) -> None:
    async def broken(_request: web.Request) -> web.Response:
        raise RuntimeError("canary-5f1c")

    async with open_store(tmp_path) as store:
        app = make_app(Site(store, Meters(), Pulse(), lambda: NOW, Nudge()))
        app.router.add_get("/broken", broken)
        async with TestClient(TestServer(app)) as client:
            answer = await client.get("/broken")
            assert answer.status == 500
            assert await answer.text() == "500: Something went wrong here. The log of the service says what.\n"
            assert "Content-Security-Policy" in answer.headers


FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example.com"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v2/silences"),
        ("DELETE", "/api/v2/silence/x"),
        ("POST", "/api/fdi/v1/alerts/x/ack"),
        ("DELETE", "/api/fdi/v1/alerts/x/ack"),
    ],
)
async def test_a_page_of_another_site_changes_nothing(
    tmp_path: Path, method: str, path: str, headers: dict[str, str]
) -> None:
    async with opened(tmp_path) as (site, client):
        answer = await client.request(method, path, headers=headers, data="{}")
        status, words = await said(answer)
        assert (status, words.partition(".")[0]) == (403, "This was sent by a page of another site")
        assert site.acted.rings == 0


@pytest.mark.parametrize("own", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": ""}])
async def test_our_own_pages_and_programs_are_heard(tmp_path: Path, own: dict[str, str]) -> None:
    async with opened(tmp_path) as (_, client):
        address = f"{client.host}:{client.port}"
        headers = {"Origin": f"http://{address}"} if own == {"Origin": ""} else own
        assert (await client.delete("/api/v2/silence/x", headers=headers)).status == 404


async def test_a_page_of_another_site_may_still_be_answered_what_it_only_reads(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client):
        assert (await client.get("/healthz", headers={"Sec-Fetch-Site": "cross-site"})).status == 200
