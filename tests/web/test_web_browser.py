"""The dashboard as people see it: a real Chromium before a real server on a real store."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
import webpast
import webscene
from playwright.async_api import Browser, FloatRect, Page, async_playwright, expect

from monitor.store.database import Store
from monitor.web.server import make_app, serve
from monitor.web.site import Site

LIVE = "#live.on"
CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
TOLD = """new Promise((done) => {
  const events = new EventSource("api/fdi/v1/events");
  events.addEventListener("changed", () => { events.close(); done(); });
})"""
EDGE = """(edge) => {
  const tiles = [...document.querySelectorAll(".tile")].map((one) => one.getBoundingClientRect());
  return Math.max(edge, ...tiles.filter((one) => one.top < edge && one.bottom > edge).map((one) => one.bottom + 11));
}"""
SHANGHAI = "Asia/Shanghai"
Scheme = Literal["dark", "light"]


@dataclass(frozen=True, slots=True)
class Served:
    """A running site and where it is."""

    site: Site
    address: str


Taker = Callable[[Page, str], Awaitable[None]]


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """The Chromium that all tests share; what a test opens in it is closed after it."""
    async with async_playwright() as play:
        shared = await play.chromium.connect_over_cdp(chromium)
        yield shared
        await shared.close()


@pytest.fixture
async def served(store: Store) -> AsyncIterator[Served]:
    """The scene, served."""
    await webscene.play(store)
    site = webpast.site(store)
    async with serve(make_app(site), "127.0.0.1", 0) as port:
        yield Served(site, f"http://127.0.0.1:{port}/")


@pytest.fixture
def picture() -> Taker:
    """Writes what a page shows into the folder FDI_PICTURES under this name, where that variable is set.

    It ends with whole tiles: a row that the edge of the window would cut is in the picture.
    """

    async def take(page: Page, name: str) -> None:
        if folder := os.environ.get("FDI_PICTURES"):
            assert page.viewport_size is not None
            width, height = page.viewport_size["width"], page.viewport_size["height"]
            edges: FloatRect = {"x": 0, "y": 0, "width": width, "height": await page.evaluate(EDGE, height)}
            await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True, clip=edges)

    return take


async def opened(
    browser: Browser, served: Served, *, width: int = 1440, height: int = 900, scheme: Scheme = "light"
) -> tuple[Page, list[str]]:
    """The page, live, with the list into which the browser's complaints go."""
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        timezone_id=SHANGHAI,
        device_scale_factor=2 if width < 500 else 1,
    )
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(served.address)
    await page.wait_for_selector(LIVE)
    return page, complaints


@pytest.mark.parametrize(
    ("name", "width", "height", "scheme"),
    [
        ("dashboard", 1440, 1180, "light"),
        ("dashboard-dark", 1440, 1180, "dark"),
        ("dashboard-phone", 390, 844, "light"),
        ("dashboard-phone-dark", 390, 844, "dark"),
        ("dashboard-narrow", 320, 640, "light"),
    ],
)
async def test_the_page_fits_reads_well_and_nothing_complains(
    browser: Browser, served: Served, picture: Taker, name: str, width: int, height: int, scheme: Scheme
) -> None:
    page, complaints = await opened(browser, served, width=width, height=height, scheme=scheme)
    await picture(page, name)
    await expect(page.get_by_role("heading", level=1)).to_have_text("3 alerts fire, worst: critical on orders")
    assert await page.evaluate("document.documentElement.scrollWidth") == width
    clipped = (
        "[...document.querySelectorAll('.tile, .alert')].filter((one) => one.scrollWidth > one.clientWidth).length"
    )
    assert await page.evaluate(clipped) == 0
    ratios = await page.evaluate(CONTRAST)
    assert len(ratios) > 200
    assert ratios[0][0] >= 4.5, ratios[:5]
    assert complaints == []


async def test_the_page_follows_what_happens_without_a_reload(browser: Browser, served: Served) -> None:
    page, complaints = await opened(browser, served)
    await page.evaluate("window.stayed = true")
    await webscene.recover(served.site.store)
    served.site.changed.ring()
    await expect(page.get_by_role("heading", level=1)).to_have_text("All 20 instances are well")
    await expect(page).to_have_title("All 20 instances are well · FDI Monitor")
    await expect(page.get_by_role("status")).to_have_text("All 20 instances are well")
    await expect(page.get_by_role("heading", name="Firing now")).to_have_count(0)
    assert await page.evaluate("window.stayed") is True
    assert complaints == []


async def test_focus_and_reading_place_survive_an_update(browser: Browser, served: Served) -> None:
    page, _ = await opened(browser, served, height=400)
    link = page.get_by_role("link", name="Runbook of cdc-tasks-abnormal")
    await link.focus()
    await page.locator("#messages").evaluate("(it) => window.scrollBy(0, it.getBoundingClientRect().top - 40)")
    await page.locator("#board").evaluate("(it) => { it.firstElementChild.dataset.old = true }")
    served.site.changed.ring()
    await expect(page.locator("[data-old]")).to_have_count(0)
    await expect(link).to_be_focused()
    before = await page.locator("#messages").evaluate("(it) => it.getBoundingClientRect().top")
    await webscene.recover(served.site.store)
    served.site.changed.ring()
    await expect(page.get_by_role("heading", name="Firing now")).to_have_count(0)
    after = await page.locator("#messages").evaluate("(it) => it.getBoundingClientRect().top")
    assert abs(before) < 60
    assert abs(after - before) < 2


async def test_a_selection_is_not_taken_away_and_the_news_come_after_it(browser: Browser, served: Served) -> None:
    page, _ = await opened(browser, served)
    await page.evaluate("document.getSelection().selectAllChildren(document.getElementById('headline'))")
    await webscene.recover(served.site.store)
    told = asyncio.create_task(page.evaluate(TOLD))
    await asyncio.sleep(0.2)
    served.site.changed.ring()
    await told
    assert await page.evaluate("document.getSelection().toString()") == "3 alerts fire, worst: critical on orders"
    await page.evaluate("document.getSelection().removeAllRanges()")
    await expect(page.get_by_role("heading", level=1)).to_have_text("All 20 instances are well")


async def test_times_are_those_of_the_readers_clock(browser: Browser, served: Served) -> None:
    page, _ = await opened(browser, served)
    moment = page.locator(".alert .when time").first
    await expect(moment).to_have_text("10:02:20")
    assert await moment.get_attribute("datetime") == "2026-01-05T02:02:20Z"
    assert "GMT+8" in (await moment.get_attribute("title") or "")
    await expect(page.locator(".alert .span time").first).to_have_text("12m")


async def test_without_scripts_everything_can_be_read(browser: Browser, served: Served, picture: Taker) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(served.address)
    await picture(page, "dashboard-without-scripts")
    await expect(page.locator("#live")).to_have_text("as of 02:14:20 UTC · load again")
    await expect(page.locator(".alert .when").first).to_contain_text("since 02:02:20 UTC (12m)")
    await expect(page.locator(".tile")).to_have_count(20)
    await expect(page.get_by_text("HTTP 404: this robot does not exist")).to_be_visible()
    await expect(page.get_by_role("heading", name="库存中心")).to_be_visible()


async def test_the_keyboard_reaches_everything_and_shows_where_it_is(browser: Browser, served: Served) -> None:
    page, _ = await opened(browser, served)
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await expect(page.locator(".skip")).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page.locator("#main")).to_be_focused()
    for rule in ("cdc-tasks-abnormal", "instance-unreachable", "tasks-abnormal"):
        for name in (rule, f"Runbook of {rule}"):
            await page.keyboard.press("Tab")
            link = page.get_by_role("link", name=name, exact=True).first
            await expect(link).to_be_focused()
            assert await link.evaluate("(it) => getComputedStyle(it).outlineStyle") == "solid"


async def test_a_service_that_went_away_is_said_and_found_again(browser: Browser, served: Served) -> None:
    async with serve(make_app(served.site), "127.0.0.1", 0) as port:
        page, _ = await opened(browser, Served(served.site, f"http://127.0.0.1:{port}/"))
    await expect(page.locator("#live.lost")).to_have_text("no connection · this is of 10:14:20")
    async with serve(make_app(served.site), "127.0.0.1", port):
        await page.wait_for_selector(LIVE)
        await page.context.close()


async def test_on_paper_only_what_can_be_read_is_printed(browser: Browser, served: Served) -> None:
    page, _ = await opened(browser, served)
    await page.emulate_media(media="print", color_scheme="light")
    await expect(page.locator("#live")).to_be_hidden()
    await expect(page.locator(".tile")).to_have_count(20)
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


# without a window Chromium shows every page: that it is hidden is told to the page alone
STREAMS = """
window.streams = [];
window.EventSource = class extends EventSource {
    constructor(...given) { super(...given); streams.push(this); }
};
window.seen = (visible) => {
    Object.defineProperty(document, 'hidden', { value: !visible, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
};
"""


async def test_a_page_that_nobody_sees_holds_no_stream_and_catches_up_when_it_is_seen(
    browser: Browser, served: Served
) -> None:
    page = await browser.new_page()
    await page.add_init_script(STREAMS)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(served.address)
    await page.wait_for_selector(LIVE)
    assert await page.evaluate("streams.map((one) => one.readyState)") == [1]
    await page.evaluate("seen(false)")
    assert await page.evaluate("streams.map((one) => one.readyState)") == [2]
    before = len(asked)
    await webscene.recover(served.site.store)
    served.site.changed.ring()
    await page.wait_for_timeout(200)
    assert len(asked) == before
    await page.evaluate("seen(true)")
    await expect(page.get_by_role("heading", level=1)).to_have_text("All 20 instances are well")
    assert await page.evaluate("streams.map((one) => one.readyState)") == [2, 1]
    await page.context.close()
