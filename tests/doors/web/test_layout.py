"""What every page has: its frame in the reader's language, links that also work below a path, long lists in pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from aiohttp.test_utils import make_mocked_request
from webrows import alert, fill, instance, opened, page, run

from monitor.web.sheets import Paging, paging
from monitor.web.visit import visit_of


async def test_the_language_is_switched_by_a_link_and_kept(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        await fill(site.store, [(instance(), [run()])])
        english = await page(client, "/?all")
        assert '<html lang="en">' in english
        assert '<a href="?all=&amp;lang=zh" lang="zh-CN"' in english
        answer = await client.get("/?lang=zh")
        assert answer.cookies["lang"]["httponly"]
        assert answer.cookies["lang"]["samesite"] == "Lax"
        chinese = await page(client)
    assert '<html lang="zh-CN">' in chinese
    assert "全部 1 个实例正常" in chinese
    assert '<a href="./alerts">告警</a>' in chinese


async def test_a_language_that_there_is_not_is_not_kept(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client):
        answer = await client.get("/?lang=xx")
        assert "lang" not in answer.cookies


@pytest.mark.parametrize(("path", "root"), [("/", "./"), ("/?lang=zh", "./"), ("/alerts/key-prod-orders", "../")])
async def test_every_address_of_ours_is_relative_so_that_a_proxy_may_add_a_path(
    tmp_path: Path, path: str, root: str
) -> None:
    async with opened(tmp_path) as (site, client):
        await fill(site.store, [(instance(), [run()])], alert_rows=[alert()])
        html = await page(client, path)
    found = re.findall(r'(?:href|src|action)="([^"]*)"', html)
    assert [one for one in found if one.startswith("/")] == []
    assert f"{root}static/site.css" in found


async def test_no_page_holds_a_style_or_a_script_of_its_own(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        await fill(site.store, [(instance(), [run()])], alert_rows=[alert()])
        for path in ("/", "/alerts/key-prod-orders"):
            html = await page(client, path)
            assert "style=" not in html
            assert "<style" not in html
            assert len(re.findall("<script", html)) == len(re.findall('<script type="module" src=', html)) == 1
            assert not re.search(r"\son\w+=", html)


@pytest.mark.parametrize(
    ("path", "root", "section"),
    [
        ("/", "./", ""),
        ("/alerts", "./", "alerts"),
        ("/alerts/x", "../", "alerts"),
        ("/instances/a%2Fb/c", "../../", ""),
        ("/links/x", "../", "links"),
    ],
)
def test_a_page_knows_the_way_to_the_first_one(path: str, root: str, section: str) -> None:
    visit = visit_of(make_mocked_request("GET", path))
    assert (visit.root, visit.section) == (root, section)


@pytest.mark.parametrize(
    ("path", "count", "found"),
    [
        ("/alerts", 0, Paging(0, 0, 0, 50)),
        ("/alerts", 50, Paging(1, 50, 50, 50)),
        ("/alerts?q=x%261", 120, Paging(1, 50, 120, 50, "", "?q=x%261&page=2")),
        ("/alerts?page=2", 120, Paging(51, 100, 120, 50, "?page=1", "?page=3")),
        ("/alerts?page=99", 120, Paging(101, 120, 120, 50, "?page=2", "")),
        ("/alerts?page=-1", 120, Paging(1, 50, 120, 50, "", "?page=2")),
        ("/alerts?page=%D9%A3", 120, Paging(1, 50, 120, 50, "", "?page=2")),
    ],
)
def test_a_long_list_comes_in_pages(path: str, count: int, found: Paging) -> None:
    seen = paging(make_mocked_request("GET", path), count, size=50)
    assert seen == found
    assert list(seen.cut(range(1, count + 1))) == list(range(found.first, found.last + 1))[: count or 0]
