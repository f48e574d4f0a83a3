"""Behind a reverse proxy: what it says counts if it is trusted, and everything works below a part of its address."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import aiohttp
import fences
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from multidict import CIMultiDict
from test_web_door import TOKENS, USERS, WANG, basic
from webrows import Client, alert, fill, instance, letter, opened, run

from monitor.store import audit
from monitor.web.door import Door
from monitor.web.proxies import Arrival, arrival
from monitor.web.server import make_app
from monitor.web.site import Site

PROXY = tuple(ip_network(one) for one in ("127.0.0.0/8", "10.0.0.0/8", "fd00::/8"))
ALL = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "fdi.example.com",
    "X-Forwarded-Prefix": "/fdi/",
}


def seen(peer: str, *headers: tuple[str, str]) -> Arrival:
    return arrival(peer, CIMultiDict(headers), PROXY)


def test_a_trusted_proxy_tells_how_a_request_was_sent() -> None:
    assert seen("127.0.0.1", *ALL.items()) == Arrival("203.0.113.9", "https", "fdi.example.com", "/fdi")
    assert seen("::ffff:127.0.0.1", *ALL.items()).address == "203.0.113.9"
    assert seen("127.0.0.1") == Arrival("127.0.0.1")


def test_whoever_else_says_it_is_not_believed() -> None:
    assert seen("203.0.113.5", *ALL.items()) == Arrival("203.0.113.5")
    assert arrival("127.0.0.1", CIMultiDict(ALL), ()) == Arrival("127.0.0.1"), "without trusted proxies nobody is"
    assert seen("", *ALL.items()) == Arrival("")


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("1.2.3.4, 203.0.113.9", "203.0.113.9"),  # the first was written by the client: nginx appends
        ("127.0.0.1, 203.0.113.9, 10.0.0.7", "203.0.113.9"),  # two proxies of ours, one after the other
        ("10.0.0.8, 10.0.0.7", "10.0.0.8"),  # all inside: the outermost
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("203.0.113.9, unknown", "127.0.0.1"),  # beyond what is no address nothing is known
        ("", "127.0.0.1"),
        ("<script>", "127.0.0.1"),
    ],
)
def test_the_client_is_the_last_one_that_is_no_proxy(forwarded: str, address: str) -> None:
    assert seen("127.0.0.1", ("X-Forwarded-For", forwarded)).address == address


def test_several_headers_are_one_and_the_last_value_counts() -> None:
    found = seen(
        "127.0.0.1",
        ("X-Forwarded-For", "1.2.3.4"),
        ("X-Forwarded-For", "203.0.113.9"),
        ("X-Forwarded-Proto", "ftp, HTTPS"),
        ("X-Forwarded-Host", "evil.example, fdi.example.com:8443"),
    )
    assert found == Arrival("203.0.113.9", "https", "fdi.example.com:8443")


@pytest.mark.parametrize(
    "prefix", ["//evil.example", "/a//b", "fdi", "/fdi?x", "/../x", "/a b", "/fdi\\x", "https://e/"]
)
def test_what_is_no_prefix_is_none(prefix: str) -> None:
    assert seen("127.0.0.1", ("X-Forwarded-Prefix", prefix)).prefix == ""


@pytest.mark.parametrize(("name", "value"), [("Proto", "javascript"), ("Host", "a b"), ("Host", "a@b")])
def test_what_cannot_be_is_not_believed(name: str, value: str) -> None:
    assert seen("127.0.0.1", (f"X-Forwarded-{name}", value)) == Arrival("127.0.0.1")


async def test_on_loopback_the_name_that_a_proxy_tells_has_to_be_ours_and_the_name_before_it_too(
    tmp_path: Path,
) -> None:
    """A script of a page that was rebound to this machine can write the header of a proxy, but not its own name."""
    hosts = frozenset({"127.0.0.1", "localhost", "fdi.example.com"})
    async with opened(tmp_path, trusted=PROXY, hosts=hosts) as (_, client):
        for host, forwarded, status in (
            ("127.0.0.1:8080", "fdi.example.com", 200),
            ("fdi.example.com", "fdi.example.com", 200),
            ("127.0.0.1:8080", "evil.example.com", 421),
            ("evil.example.com", "localhost", 421),
        ):
            answer = await client.get("/healthz", headers={"Host": host, "X-Forwarded-Host": forwarded})
            assert answer.status == status, (host, forwarded)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-Forwarded-Host": "fdi.example.com"}, 404),  # nginx: proxy_set_header X-Forwarded-Host $host
        ({"Host": "fdi.example.com"}, 404),  # nginx: proxy_set_header Host $host
        ({}, 404),  # nginx as it comes: Host is that of proxy_pass, and only the public address knows better
        ({"Origin": "https://evil.example.com", "X-Forwarded-Host": "fdi.example.com"}, 403),
    ],
)
async def test_our_own_pages_are_known_by_the_name_that_the_browser_sees(
    tmp_path: Path, headers: Mapping[str, str], status: int
) -> None:
    async with opened(tmp_path, trusted=PROXY, hosts=None, public_url="https://fdi.example.com/fdi") as (_, client):
        given = {"Origin": "https://fdi.example.com", **headers}
        assert (await client.delete("/api/v2/silence/x", headers=given)).status == status


def test_the_nginx_of_the_documents_says_what_is_needed() -> None:
    """Run with nginx 1.22 by hand; what it means is what the small proxy below does."""
    [block] = fences.blocks("nginx")
    bare = re.sub(r"\s+#.*", "", block.text)
    assert re.match(r"location /fdi/ \{\n", bare)
    assert re.findall(r"proxy_pass (\S+);", bare) == ["http://127.0.0.1:8080/"], "its slash takes /fdi off"
    given = dict(re.findall(r"proxy_set_header (\S+) (\S+);", bare))
    assert given == {
        "Host": "$host",
        "X-Forwarded-For": "$proxy_add_x_forwarded_for",
        "X-Forwarded-Proto": "$scheme",
        "X-Forwarded-Host": "$http_host",
        "X-Forwarded-Prefix": "/fdi",
    }
    assert bare.count("{") == bare.count("}") == 1
    assert all(re.fullmatch(r" {4}\S.*;|location .* \{|\}", line) for line in bare.splitlines())


# --- a real proxy: it takes `/fdi/` off, as nginx does with `location /fdi/ { proxy_pass http://.../; }`

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "upgrade", "te", "trailer"}


async def small_proxy(request: web.Request) -> web.StreamResponse:
    """Passes on by HTTP/1.0, appends to X-Forwarded-For, sends /fdi on to /fdi/, and does not mend redirects."""
    upstream: str = request.app[UPSTREAM]
    headers = CIMultiDict((name, value) for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP)
    client = request.headers.get("X-Forwarded-For")
    peer = headers.pop("Test-Peer", "203.0.113.9")
    headers["X-Forwarded-For"] = f"{client}, {peer}" if client else peer
    headers["X-Forwarded-Proto"] = "http"
    headers["X-Forwarded-Host"] = request.headers["Host"]
    headers["X-Forwarded-Prefix"] = "/fdi"
    async with (
        aiohttp.ClientSession(version=aiohttp.HttpVersion10, auto_decompress=False) as session,
        session.request(
            request.method,
            upstream + request.raw_path.removeprefix("/fdi"),
            data=await request.read(),
            headers=headers,
            allow_redirects=False,
        ) as answer,
    ):
        kept = CIMultiDict((name, value) for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP)
        passed = web.StreamResponse(status=answer.status, headers=kept)
        await passed.prepare(request)
        async for chunk in answer.content.iter_any():
            await passed.write(chunk)
        await passed.write_eof()
        return passed


UPSTREAM = web.AppKey("upstream", str)


async def moved(_request: web.Request) -> web.Response:
    raise web.HTTPFound("/alerts/key-prod-orders")


async def moved_far(_request: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": "//elsewhere.example/x"})


@asynccontextmanager
async def behind(tmp_path: Path) -> AsyncIterator[tuple[Site, Client]]:
    """A service with users, and a client of the proxy before it."""
    async with opened(tmp_path, door=Door(USERS, TOKENS), trusted=PROXY, hosts=None) as (site, _):
        one = alert(instance("orders"))
        await fill(site.store, [(instance("orders"), [run()])], alert_rows=[one], letters=[letter(one)])
        app = make_app(site)
        app.router.add_get("/moved", moved)
        app.router.add_get("/moved-far", moved_far)
        async with TestServer(app) as server:
            proxy = web.Application()
            proxy[UPSTREAM] = str(server.make_url("")).rstrip("/")
            proxy.router.add_route("*", "/fdi/{rest:.*}", small_proxy)
            async with TestClient(TestServer(proxy), headers={"Authorization": basic("wang", WANG)}) as client:
                yield site, client


async def test_below_a_part_of_an_address_every_page_and_file_is_found(tmp_path: Path) -> None:
    """From the first page on, whatever a page names is followed: it stays below /fdi/, and it is there. Where a form is
    sent to takes no GET."""
    async with behind(tmp_path) as (_, client):
        waiting, found, forms = ["/fdi/"], {}, set[str]()
        while waiting:
            place = waiting.pop()
            answer = await client.get(place)
            text = await answer.text() if "text" in answer.content_type else ""
            found[place] = answer.status
            named = re.findall(r'\s(?:href|src|action)="([^"#]*)', text) if answer.content_type == "text/html" else []
            forms |= {
                urlsplit(urljoin(f"http://here{place}", name)).path for name in re.findall(r'action="([^"#]*)', text)
            }
            named += re.findall(r"url\(['\"]?([^'\")]+)", text) if answer.content_type == "text/css" else []
            for name in named:
                target = urlsplit(urljoin(f"http://here{place}", name.replace("&amp;", "&")))
                if target.netloc == "here" and target.scheme == "http":
                    assert target.path.startswith("/fdi/"), (place, name)
                    path = target.path + (f"?{target.query}" if target.query else "")
                    waiting += [path] if path not in found and path not in waiting else []
        assert {place: status for place, status in found.items() if status != 200 and place not in forms} == {}
        assert {status for place, status in found.items() if place in forms} <= {200, 405}
        assert {"/fdi/", "/fdi/alerts/key-prod-orders"} <= set(found)
        assert {Path(place).suffix for place in found} >= {".css", ".js", ".svg"}


async def test_what_the_script_asks_for_is_below_it_as_well() -> None:
    """Scripts name addresses by themselves: none begins at the root."""
    for script in (Path(make_app.__code__.co_filename).parent / "static").glob("*.js"):
        text = script.read_text(encoding="utf-8")
        assert re.findall(r"""(?:fetch|EventSource)\(\s*[`'"]/""", text) == [], script.name


async def test_events_come_through_at_once_also_by_http_1_0(tmp_path: Path) -> None:
    async with behind(tmp_path) as (site, client):
        answer = await client.get("/fdi/api/fdi/v1/events")
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
        assert answer.headers["X-Accel-Buffering"] == "no"
        site.changed.ring()
        async with asyncio.timeout(5):
            assert (await answer.content.readuntil(b"event: changed\r\n")).count(b"event:") == 1
        answer.close()


async def test_redirects_lead_to_where_the_browser_finds_them(tmp_path: Path) -> None:
    async with behind(tmp_path) as (_, client):
        answer = await client.get("/fdi/moved", allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (302, "/fdi/alerts/key-prod-orders")
        assert (await client.get("/fdi/moved")).status == 200
        answer = await client.get("/fdi/moved-far", allow_redirects=False)
        assert answer.headers["Location"] == "//elsewhere.example/x"


async def test_through_it_one_acts_and_the_audit_knows_from_where(tmp_path: Path) -> None:
    async with behind(tmp_path) as (site, client):
        origin = f"http://{client.host}:{client.port}"
        for given, status in ((origin, 200), ("http://evil.example.com", 403)):
            answer = await client.post(
                "/fdi/api/fdi/v1/alerts/key-prod-orders/ack",
                json={"owner": "王"},
                headers={"Origin": given, "X-Forwarded-For": "198.51.100.1"},
            )
            assert answer.status == status
        async with site.store.read() as tx:
            [entry] = await audit.page(tx, most=9)
        assert (entry.who, entry.address) == ("user wang", "203.0.113.9")


async def test_who_guesses_through_it_is_braked_alone(tmp_path: Path) -> None:
    async with behind(tmp_path) as (_, client):
        for number in range(6):
            answer = await client.get("/fdi/", headers={"Authorization": basic("wang", f"guess {number}")})
        assert answer.status == 429
        assert (await client.get("/fdi/", headers={"X-Forwarded-For": "198.51.100.7"})).status == 429
        assert (await client.get("/fdi/", headers={"Test-Peer": "203.0.113.10"})).status == 200
