"""The pages of an instance and of the service's own state, and what all pages share, in a real Chromium."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import webpast
import webscene
from playwright.async_api import Browser, Page, expect
from test_web_browser import CONTRAST, LIVE, SHANGHAI, Scheme, Served, Taker, browser, picture

from monitor.model import Run
from monitor.store import history, instances
from monitor.store.database import Store
from monitor.web.server import make_app, serve

__all__ = ["browser", "picture"]

ORDERS = f"instances/prod/{webscene.found('orders').id}"
BILLING = f"instances/prod/{webscene.found('billing').id}"
SECTIONS = ("Overview", "Alerts", "Rules", "Deliveries", "Silences", "Status")
DRAWN = ("instance", "status", "overview-zh")
"""The pages of which the documents have a picture."""
CLIPPED = """[...document.querySelectorAll('.panel, .tile, .alert, .rows > li, .state')]
    .filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent.trim().slice(0, 40))"""


@pytest.fixture
async def served(store: Store) -> AsyncIterator[Served]:
    """The scene with its month, served; a file of the policy is at fault."""
    await webpast.play(store)
    site = webpast.site(store, broken=True)
    async with serve(make_app(site), "127.0.0.1", 0) as port:
        yield Served(site, f"http://127.0.0.1:{port}/")


async def opened(
    browser: Browser, *, width: int = 1440, height: int = 900, scheme: Scheme = "light", scripts: bool = True
) -> tuple[Page, list[str]]:
    """A page of a reader in Shanghai, with the list into which the browser's complaints go."""
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        timezone_id=SHANGHAI,
        device_scale_factor=2 if width < 500 else 1,
        java_script_enabled=scripts,
    )
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page, complaints


@pytest.mark.parametrize(("width", "height", "scheme"), [(1440, 1240, "light"), (375, 812, "dark")])
async def test_every_page_fits_reads_well_and_nothing_complains(
    browser: Browser, served: Served, picture: Taker, width: int, height: int, scheme: Scheme
) -> None:
    page, complaints = await opened(browser, width=width, height=height, scheme=scheme)
    for name, path in (
        ("overview-zh", "?lang=zh"),
        ("instance-zh", f"{ORDERS}?range=7d"),
        ("status-zh", "status"),
        ("overview", "?lang=en&account=prod&q=e"),
        ("instance", ORDERS),
        ("instance-down", f"{BILLING}?range=1h"),
        ("status", "status"),
    ):
        await page.goto(served.address + path)
        await page.wait_for_selector(LIVE)
        if name in DRAWN and scheme == "light":
            await picture(page, name)
        assert await page.evaluate("document.documentElement.scrollWidth") == width, path
        assert await page.evaluate(CLIPPED) == [], path
        ratios = await page.evaluate(CONTRAST)
        assert len(ratios) > 60, path
        assert ratios[0][0] >= 4.5, (path, ratios[:5])
        language = await page.locator("html").get_attribute("lang")
        assert language == ("zh-CN" if name.endswith("zh") else "en"), path
    assert complaints == []


async def test_the_page_of_an_instance_follows_what_happens_and_keeps_what_was_opened(
    browser: Browser, served: Served
) -> None:
    page, complaints = await opened(browser)
    await page.goto(f"{served.address}{ORDERS}?range=1h")
    await page.wait_for_selector(LIVE)
    await page.get_by_text("The same as a table").click()
    await expect(page.get_by_role("table", name="Counts from the latest time")).to_be_visible()
    about = webscene.found("orders")
    async with served.site.store.write() as tx:
        row = (await instances.ids(tx))[about.key]
        await history.begin(tx, [(row, Run(webscene.before(0.02), webscene.NOW, 2, *webscene.counts(1)))])
    served.site.changed.ring()
    await expect(page.get_by_role("img", name="CDC abnormal: now 0, lowest 0, highest 5")).to_be_visible()
    await expect(page.get_by_role("table", name="Counts from the latest time")).to_be_visible()
    assert complaints == []


async def test_axes_are_of_the_readers_zone_and_the_keyboard_reaches_the_table(
    browser: Browser, served: Served
) -> None:
    page, _ = await opened(browser)
    await page.goto(served.address + ORDERS)
    await page.wait_for_selector(LIVE)
    for name in (
        "Skip to the content",
        "FDI Monitor",
        "Overview",
        "Alerts",
        "Rules",
        "Deliveries",
        "Silences",
        "Status",
    ):
        await page.keyboard.press("Tab")
        link = page.get_by_role("link", name=name, exact=True).first
        await expect(link).to_be_focused()
        assert await link.evaluate("(it) => getComputedStyle(it).outlineStyle") == "solid"
    await page.locator("#range-24h").focus()
    await page.keyboard.press("Tab")
    await expect(page.locator("#range-7d")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#range-7d")).to_have_attribute("aria-current", "true")
    await page.locator("summary").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("details table")).to_be_visible()


async def test_a_language_is_chosen_by_a_click_and_stays(browser: Browser, served: Served) -> None:
    page, complaints = await opened(browser)
    await page.goto(f"{served.address}?account=prod")
    await page.get_by_role("link", name="中文").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("3 条告警，最严重：orders（严重）")
    assert "account=prod" in page.url
    await page.get_by_role("link", name="状态", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("服务在运行，但有部分异常")
    await page.wait_for_selector(LIVE)
    await expect(page.locator("#live")).to_have_text("实时 · 10:14:20")
    await page.get_by_role("link", name="English").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("The service works, but not everything does")
    assert complaints == []


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (375, "dark")])
async def test_what_is_not_there_is_a_page_that_fits_and_leads_on(
    browser: Browser, served: Served, width: int, scheme: Scheme
) -> None:
    page, complaints = await opened(browser, width=width, scheme=scheme)
    answer = await page.goto(f"{served.address}alerts/gone?lang=zh")
    assert answer is not None
    assert answer.status == 404
    assert await page.evaluate("document.documentElement.scrollWidth") == width
    assert (await page.evaluate(CONTRAST))[0][0] >= 4.5
    assert [one for one in complaints if "404" not in one] == []
    await page.get_by_role("main").get_by_role("link", name="告警", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("告警")


async def test_on_a_phone_the_whole_navigation_is_within_reach_of_a_thumb(browser: Browser, served: Served) -> None:
    page, _ = await opened(browser, width=375, height=667)
    for language in ("en", "zh"):
        await page.goto(f"{served.address}?lang={language}")
        for link in await page.locator("header nav a").all():
            await expect(link).to_be_in_viewport(ratio=1)
            box = await link.bounding_box()
            assert box is not None
            assert box["height"] >= 36
            assert box["width"] >= 36


async def test_without_scripts_the_charts_and_the_table_are_there_in_utc(browser: Browser, served: Served) -> None:
    page, _ = await opened(browser, scripts=False)
    await page.goto(served.address + ORDERS)
    await expect(page.locator(".plot")).to_have_count(8)
    await expect(page.locator(".plot text").nth(4)).to_be_visible()
    await page.locator("summary").click()
    await expect(page.get_by_role("rowheader", name="02:14 UTC").first).to_be_visible()
    await expect(page.locator("#zone")).to_have_text("Times are in UTC.")
    await page.goto(served.address + "status")
    await expect(page.get_by_text("did you mean abnormal?")).to_be_visible()
    await page.goto(served.address)
    await page.get_by_role("link", name="orders", exact=True).first.click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("orders")


async def test_a_field_that_is_being_filled_in_is_not_taken_away(browser: Browser, served: Served) -> None:
    page, _ = await opened(browser)
    await page.goto(f"{served.address}?account=prod")
    await page.wait_for_selector(LIVE)
    await page.locator("#find").fill("bill")
    await page.locator("#board").evaluate("(it) => { it.firstElementChild.dataset.old = true }")
    served.site.changed.ring()
    await page.wait_for_timeout(200)
    await expect(page.locator("#find")).to_have_value("bill")
    await expect(page.locator("[data-old]")).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="billing")).to_be_visible()
    await expect(page.locator(".tile")).to_have_count(1)
