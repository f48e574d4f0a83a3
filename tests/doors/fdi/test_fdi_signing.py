"""Signatures: the published vectors, the official SDK as the oracle, and what really goes on the wire."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from fdi_kit import AKSK, INSTANCE_ID, PROJECT, SECRET_KEY, SECURITY_TOKEN, STATISTICS, TEMPORARY, account, instance
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from monitor.fdi.account import Aksk
from monitor.fdi.cloud import Cloud
from monitor.fdi.signing import DATE_HEADER, draft, sdk_date, wire_url
from monitor.fdi.wire import make_session

AK, SK = "QTWAOYTTINDUT2QVKYUC", "MFyfvK41ba2giqM7**********KGpownRZlmVmHc"
ROMA = "https://roma.cn-north-4.myhuaweicloud.com"
DATE = "20251022T080000Z"
FDI = ("v2", PROJECT, "fdi", "instances", INSTANCE_ID)
STATISTICS_URL = wire_url(ROMA, (*FDI, "statistics", "tasks"))
MONITORS_URL = wire_url(
    ROMA,
    (*FDI, "task-monitors"),
    [("task_name", "a b~c/é+&="), ("offset", "1"), ("limit", "999"), ("execute_status", "ERROR")],
)


@pytest.fixture(scope="module", autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The SDK writes a file into the home directory when it is imported."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        yield


@cache
def sdk(module: str) -> Any:
    return importlib.import_module(f"huaweicloudsdkcore.{module}")


def official(
    method: str, path: str, query: list[tuple[str, str]], headers: dict[str, str], body: bytes, key: tuple[str, str]
) -> str:
    """The Authorization header that the official SDK makes; `path` is plain text."""
    request = sdk("sdk_request").SdkRequest(
        method=method,
        schema="https",
        host=headers["Host"],
        resource_path=path,
        query_params=list(query),
        header_params=dict(headers),
        body=body,
    )
    signer = sdk("signer.signer").Signer(sdk("auth.credentials").BasicCredentials(*key, PROJECT))
    return str(signer.sign(request).header_params["Authorization"])


@pytest.mark.parametrize(
    ("url", "more", "signature"),
    [
        (STATISTICS_URL, {}, "643494f900f939d5957c4e949d44087765f2a040cde91a497ef0502714bf6119"),
        (
            STATISTICS_URL,
            {"Content-Type": "application/json"},
            "a8001cc449120af9a07049b7fd686cf6fd1b8fd92eab0dc13d956a7c2c4f0345",
        ),
        (
            STATISTICS_URL,
            {"X-Security-Token": "STSTOKEN"},
            "c4548bd3be6df0725961aadb85daaaf6c1637adcce6fbe9724ea170a535eeee5",
        ),
        (MONITORS_URL, {}, "eb990a09bcb0b7476b7987b9fb19ab8e02f18c2382490ec63f5b18064efed06e"),
    ],
)
def test_the_published_vectors_come_out(url: URL, more: dict[str, str], signature: str) -> None:
    headers = {"Host": "roma.cn-north-4.myhuaweicloud.com", "X-Project-Id": PROJECT, **more}
    authorization = draft("GET", url, headers).sign(DATE, access_key=AK, secret_key=SK)
    names = ";".join(sorted([*(name.lower() for name in headers), "x-sdk-date"]))
    assert authorization == f"SDK-HMAC-SHA256 Access={AK}, SignedHeaders={names}, Signature={signature}"


def test_the_url_of_a_query_is_sorted_and_quoted_as_it_is_signed() -> None:
    sent = "execute_status=ERROR&limit=999&offset=1&task_name=a%20b~c%2F%C3%A9%2B%26%3D"
    assert MONITORS_URL.raw_query_string == sent


def test_the_date_is_utc_to_the_second() -> None:
    assert sdk_date(datetime(2025, 10, 22, 8, 0, 0, 999_999, tzinfo=UTC)) == DATE


segments = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="/%"), min_size=1), min_size=1, max_size=4)
words = st.text(st.characters(codec="utf-8"), max_size=12)
values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
names = st.from_regex(r"X-[A-Z][a-z_-]{1,8}", fullmatch=True)


@settings(max_examples=150, deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "get"]),
    path=segments,
    query=st.lists(st.tuples(words.filter(bool), words), max_size=5),
    headers=st.dictionaries(names, values, max_size=3),
    body=st.binary(max_size=40),
    key=st.tuples(st.text("ABC019", min_size=1), st.text("abc/+=*", min_size=1)),
)
def test_every_signature_is_the_one_of_the_official_sdk(
    method: str,
    path: list[str],
    query: list[tuple[str, str]],
    headers: dict[str, str],
    body: bytes,
    key: tuple[str, str],
) -> None:
    headers = {name: value for name, value in headers.items() if name.lower() != DATE_HEADER.lower()}
    unique = {name.lower(): (name, value) for name, value in headers.items()}
    headers = {**dict(unique.values()), "Host": "roma.test"}
    ours = draft(method, wire_url("https://roma.test", path, query), headers, body)
    theirs = official(method, "/" + "/".join(path), query, {**headers, DATE_HEADER: DATE}, body, key)
    assert ours.sign(DATE, access_key=key[0], secret_key=key[1]) == theirs


@pytest.mark.parametrize("auth", [AKSK, TEMPORARY])
async def test_what_goes_on_the_wire_is_what_was_signed(auth: Aksk) -> None:
    seen: list[tuple[str, dict[str, str]]] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.raw_path, dict(request.headers)))
        return web.Response(body=STATISTICS, content_type="application/json")

    app = web.Application()
    app.router.add_get("/{tail:.*}", answer)
    async with TestServer(app) as server, make_session() as session:
        base = str(server.make_url("")).rstrip("/")
        cloud = Cloud(account(auth, base=base), session, lambda: datetime(2025, 10, 22, 8, tzinfo=UTC))
        sample = await cloud.sample(instance("an id~with/odd+characters%é"))
    assert sample.up
    raw_path, headers = seen[0]
    path, _, query = raw_path.partition("?")
    signed = headers["Authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    covered = {name: value for name, value in headers.items() if name.lower() in signed}
    assert headers["Authorization"] == official(
        "GET", path, parse_qsl(query), covered, b"", (auth.access_key, SECRET_KEY)
    )
    assert headers.get("X-Security-Token") == (SECURITY_TOKEN if auth is TEMPORARY else None)
    assert headers["X-Project-Id"] == PROJECT
