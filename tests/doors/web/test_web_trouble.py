"""What went wrong, as a browser shows it: in the house's frame, in the reader's language, with what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pytest
from aiohttp import ClientResponse
from test_web_door import LI, TOKENS, USERS, basic
from webrows import opened, refused

from monitor.web.door import Door, Slower
from monitor.web.words import CHINESE, ENGLISH

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
VIEWER = {"Authorization": basic("lili", LI)}


async def shown(answer: ClientResponse) -> tuple[int, str]:
    """The status of a page about what went wrong, and its heading."""
    assert answer.content_type == "text/html"
    html = await answer.text()
    assert f"HTTP {answer.status}" in html
    assert html.count('aria-label="Sections"') + html.count('aria-label="栏目"') == 1
    found = re.search(r'<h1 id="what">(.*?)</h1>', html)
    assert found
    return answer.status, found[1]


@pytest.mark.parametrize(
    ("method", "path", "status", "english", "hint"),
    [
        ("GET", "/nowhere", 404, "There is nothing at this address.", "sections above"),
        ("GET", "/alerts/gone", 404, "There is no such alert, or it is no longer kept.", "history"),
        ("GET", "/deliveries/gone", 404, "There is no such message, or it is no longer kept.", "by its receiver"),
        ("GET", "/silences/gone", 404, "There is no such silence, or it is no longer kept.", "those that are over"),
        ("GET", "/instances/prod/gone", 404, "No such instance was ever polled.", "on the overview"),
        ("GET", "/instances/prod/x?range=2h", 400, "The address or the form says something", "mend the address"),
        ("GET", "/alerts/x?at=yesterday", 400, "The address or the form says something", "2026-01-05T10:00:00Z"),
        ("POST", "/alerts", 405, "This address cannot be used in that way.", "Begin anew"),
    ],
)
async def test_what_is_wrong_stands_above_what_to_do(
    tmp_path: Path, method: str, path: str, status: int, english: str, hint: str
) -> None:
    async with opened(tmp_path) as (_, client):
        answer = await client.request(method, path, headers=BROWSER)
        got = await shown(answer)
        assert (got[0], got[1].startswith(english), hint in await answer.text()) == (status, True, True)
        plain = await client.request(method, path, headers={"Accept": "*/*"})
        assert (plain.status, plain.content_type) == (status, "text/plain")


async def test_it_is_told_in_the_readers_language_below_any_path_and_is_not_live(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client):
        answer = await client.get("/alerts/gone", headers=BROWSER | {"Accept-Language": "zh-CN"})
        assert await shown(answer) == (404, "没有这条告警，或已不再保存。")
        html = await answer.text()
        assert 'href="../alerts">告警</a>' in html
        assert "live.js" not in html
        english = await client.get("/alerts/gone?lang=en", headers=BROWSER)
        assert "There is no such alert" in await english.text()
        assert english.cookies["lang"].value == "en"


async def test_a_stranger_sees_what_to_say_and_not_what_runs_here(tmp_path: Path) -> None:
    async with opened(tmp_path, door=Door(USERS, TOKENS)) as (_, client):
        answer = await client.get("/", headers=BROWSER)
        assert (await shown(answer))[1].startswith("Say who you are")
        assert len(answer.headers.getall("WWW-Authenticate")) == 2
        assert not re.search(r"FDI Monitor \d", await answer.text())


async def test_who_may_not_do_it_hears_which_role_it_takes(tmp_path: Path) -> None:
    async with opened(tmp_path, door=Door(USERS, TOKENS)) as (_, client):
        answer = await client.get("/silences/new", headers=BROWSER | VIEWER)
        assert await shown(answer) == (403, "The user lili is a viewer, and this needs the role operator.")
        answer = await client.get("/silences/new?lang=zh", headers=BROWSER | VIEWER)
        assert await shown(answer) == (403, "用户 lili 的角色是只读者，而此操作需要操作员角色。")
        foreign = await client.post("/silences/new", headers=BROWSER | {"Sec-Fetch-Site": "cross-site"} | VIEWER)
        assert foreign.status == 403


async def test_who_guesses_hears_how_long_to_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def slower(self: Door, authorization: str, address: str) -> None:
        raise Slower(7)

    monkeypatch.setattr(Door, "admit", slower)
    async with opened(tmp_path, door=Door(USERS, TOKENS)) as (_, client):
        answer = await client.get("/", headers=BROWSER)
        assert (await shown(answer))[1].endswith("Try again in 7 s.")
        assert answer.headers["Retry-After"] == "7"


async def test_a_form_that_is_too_large_loses_nothing_but_itself(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client):
        form = BytesIO(b"comment=" + b"x" * 2_000_000)
        headers = BROWSER | {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await client.post("/silences/new", headers=headers, data=form)
        assert await shown(answer) == (413, "What was sent is too large.")


async def test_a_store_that_does_not_answer_and_a_bug_offer_to_load_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as (site, client):
        async with site.store.write() as tx:
            await tx.exec_driver_sql("DROP TABLE silence")
        answer = await client.get("/silences", headers=BROWSER)
        assert await shown(answer) == (503, "The store does not answer. Try again in a moment.")
        assert answer.headers["Retry-After"] == "5"
        assert '<a class="button primary" href="">load again</a>' in await answer.text()
        monkeypatch.setattr("monitor.web.silence_pages.paging", lambda *_, **__: 1 // 0)
        monkeypatch.setattr("monitor.web.silence_pages.silences.every", lambda _: _none())
        answer = await client.get("/silences", headers=BROWSER)
        assert await shown(answer) == (500, "Something went wrong here. The log of the service says what.")


async def _none() -> list[Mapping[str, str]]:
    return []


async def test_what_is_for_programs_stays_what_it_was(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client):
        assert (await refused(await client.get("/api/fdi/v1/alerts/gone", headers=BROWSER)))[0] == 404
        for path in ("/api/v2/silence/5f8a1c20-1111-4aaa-8000-000000000001", "/api/v1/nothing", "/static/gone.css"):
            answer = await client.get(path, headers=BROWSER)
            assert (answer.status, answer.content_type != "text/html") == (404, True), path
        foreign = await client.get("/", headers=BROWSER | {"Host": "evil.example.com"})
        assert (foreign.status, foreign.content_type) == (421, "text/plain")


def test_everything_that_goes_wrong_on_a_page_has_a_word_on_what_to_do() -> None:
    for status in (400, 401, 403, 404, 405, 413, 429, 500, 503):
        for words in (ENGLISH, CHINESE):
            assert f"trouble.{status}" in words.texts or status == 403
            assert words.texts[f"trouble.do.{status}"]
