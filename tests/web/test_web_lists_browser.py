"""Alerts, rules, messages and silences as people see and use them: a real Chromium before a real server."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import listscene
import pytest
import webscene
from playwright.async_api import Browser, Page, expect
from test_web_browser import CONTRAST, LIVE, SHANGHAI, Scheme, Served, browser

from monitor.meters import Meters, Pulse
from monitor.nudge import Nudge
from monitor.store import acks, mailroom, silences
from monitor.store.database import Store
from monitor.store.outbox import Standing
from monitor.web.server import make_app, serve
from monitor.web.site import Site

__all__ = ["browser"]

ORDERS, BILLING, *_ = webscene.live()
ACTIVE = listscene.given()[0]
PAGES = {
    "alerts": "alerts",
    "alerts-quiet": "alerts?show=silenced",
    "alerts-history": "alerts?show=history",
    "alerts-fault": "alerts?filter=account%3D%22prod%22,+instance%3D%3Dorders&by=account",
    "alert": f"alerts/{ORDERS.key}",
    "acknowledge": f"alerts/ack?alert={ORDERS.key}&alert={BILLING.key}",
    "rules": "rules",
    "deliveries": "deliveries",
    "delivery": "deliveries/3-0?said=nothing",
    "retry": "deliveries/retry?receiver=stock-desk",
    "silences": "silences",
    "silence": f"silences/{ACTIVE.id}?said=extended",
    "silence-form": f"silences/new?alert={ORDERS.key}&starts_at=2026-01-06",
}
DRAWN = ("alerts", "alert", "rules", "deliveries", "silence-form")
"""The pages of which the documents have a picture."""
WIDER = """[...document.querySelectorAll('main *')].filter((one) => one.scrollWidth > one.clientWidth + 1
  && getComputedStyle(one).display !== 'inline' && getComputedStyle(one).overflowX === 'visible'
  && one.clientWidth > 1 && !one.closest('.unseen, details:not([open])')).map((one) => one.outerHTML.slice(0, 90))"""
SMALL = """[...document.querySelectorAll('main button, main .button, main input, main select, main .chip')]
  .map((one) => [one.getBoundingClientRect(), one.outerHTML.slice(0, 80)])
  .filter(([box]) => box.width && Math.min(box.width, box.height) < 16).map(([_, html]) => html)"""


@pytest.fixture
async def lists(store: Store) -> AsyncIterator[Served]:
    """The scene with everything that the lists show, served."""
    await listscene.play(store)
    site = Site(store, Meters(), Pulse(), lambda: webscene.NOW, Nudge(), speech=lambda: listscene.SPEECH)
    async with serve(make_app(site), "127.0.0.1", 0) as port:
        yield Served(site, f"http://127.0.0.1:{port}/")


async def shown(
    browser: Browser,
    *,
    width: int = 1280,
    height: int = 800,
    scheme: Scheme = "light",
    locale: str = "en-GB",
    scripts: bool = True,
) -> tuple[Page, list[str]]:
    """A page of a new reader, with the list into which the browser's complaints go."""
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        timezone_id=SHANGHAI,
        locale=locale,
        java_script_enabled=scripts,
    )
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page, complaints


@pytest.mark.parametrize(
    ("name", "width", "scheme", "locale"),
    [
        ("desktop", 1280, "light", "en-GB"),
        ("phone-dark", 360, "dark", "zh-CN"),
    ],
)
async def test_every_page_fits_reads_well_and_nothing_complains(
    browser: Browser, lists: Served, name: str, width: int, scheme: Scheme, locale: str
) -> None:
    page, complaints = await shown(browser, width=width, scheme=scheme, locale=locale)
    for place, path in PAGES.items():
        await page.goto(lists.address + path)
        if place not in ("acknowledge", "retry", "silence-form"):
            await page.wait_for_selector(LIVE)
        folder = os.environ.get("FDI_PICTURES")
        if folder and place in DRAWN and name == "desktop":
            await page.screenshot(path=Path(folder) / f"{place}.png", full_page=True)
        assert await page.evaluate("document.documentElement.scrollWidth") == width, place
        assert await page.evaluate(WIDER) == [], place
        assert await page.evaluate(SMALL) == [], place
        ratios = await page.evaluate(CONTRAST)
        assert len(ratios) > 10, place
        assert ratios[0][0] >= 4.5, (place, ratios[:5])
        unnamed = "[...document.querySelectorAll('main input:not([type=hidden]), main select, main textarea')]"
        assert await page.evaluate(f"{unnamed}.filter((one) => !one.labels.length).length") == 0, place
        assert (await page.locator("html").get_attribute("lang") == "zh-CN") is (locale == "zh-CN")
    assert complaints == []


async def test_a_silence_is_made_from_an_alert_and_ended_by_clicks(browser: Browser, lists: Served) -> None:
    page, complaints = await shown(browser)
    await page.goto(f"{lists.address}alerts")
    row = page.get_by_role("listitem").filter(has_text="5 CDC tasks abnormal on orders")
    await row.get_by_role("link", name="Silence").click()
    await expect(page.get_by_label("What it hides")).to_have_value(
        'account="prod", alertname="cdc-tasks-abnormal", instance="orders", team="data"'
    )
    await expect(page.get_by_role("heading", name="Would hide of what is live now 1")).to_be_visible()
    await page.get_by_label("What it hides").fill('account="prod", team==data')
    await page.get_by_label("Your name").fill("王")
    await page.get_by_label("Comment").fill("迁移")
    await page.get_by_role("button", name="Silence").click()
    await expect(page.get_by_role("alert").filter(has_text="one = is enough")).to_be_visible()
    await expect(page.get_by_label("Comment")).to_have_value("迁移")
    await page.get_by_label("What it hides").fill('account="prod", team="data"')
    await page.get_by_role("button", name="Preview").click()
    await expect(page.get_by_role("heading", name="Would hide of what is live now 4")).to_be_visible()
    await page.get_by_text("Later, recurring, or until resolved").click()
    await expect(page.get_by_label("Time zone of both")).to_have_value(SHANGHAI)
    await page.get_by_role("button", name="Silence").click()
    await expect(page.get_by_role("status").filter(has_text="The silence is made.")).to_be_visible()
    await expect(page.get_by_role("heading", level=1)).to_have_text('account="prod", team="data"')
    await page.goto(f"{lists.address}alerts?show=silenced")
    await expect(page.get_by_role("link", name="hidden by a silence")).to_have_count(5)
    await page.get_by_role("link", name="Silences").click()
    ended = page.get_by_role("listitem").filter(has_text='account="prod", team="data"')
    await ended.get_by_role("button", name="End now").click()
    await expect(page.get_by_role("status").filter(has_text="The silence has ended.")).to_be_visible()
    async with lists.site.store.read() as tx:
        [mine] = [one for one in await silences.every(tx) if one.comment == "迁移"]
    assert (mine.created_by, mine.ends_at) == ("王", webscene.NOW)
    assert complaints == ["Failed to load resource: the server responded with a status of 422 (Unprocessable Entity)"]


async def test_alerts_are_chosen_acknowledged_and_the_choice_outlives_an_update(
    browser: Browser, lists: Served
) -> None:
    page, complaints = await shown(browser)
    await page.goto(f"{lists.address}alerts")
    await page.wait_for_selector(LIVE)
    for name in ("cdc-tasks-abnormal orders", "instance-unreachable billing"):
        await page.get_by_label(f"Choose {name}").check()
    await page.locator("#list").evaluate("(it) => { it.firstElementChild.dataset.old = true }")
    await page.get_by_role("button", name="Acknowledge the chosen").focus()
    lists.site.changed.ring()
    await expect(page.locator("[data-old]")).to_have_count(0)
    await expect(page.locator("input:checked")).to_have_count(2)
    await page.get_by_role("button", name="Acknowledge the chosen").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Acknowledge 2 alerts")
    await page.get_by_label("Your name").fill("李雷")
    await page.get_by_label("For how long").fill("4h")
    await page.get_by_role("button", name="Acknowledge").click()
    await expect(page.get_by_role("status").filter(has_text="Acknowledged.")).to_be_visible()
    await expect(page.get_by_text("李雷 cares for it since")).to_have_count(3)
    async with lists.site.store.read() as tx:
        assert {ORDERS.key, BILLING.key} < set(await acks.every(tx))
    await page.goto(f"{lists.address}alerts/{ORDERS.key}")
    await page.get_by_role("button", name="Take the acknowledgement back").click()
    await expect(page.get_by_role("status").filter(has_text="taken back")).to_be_visible()
    await expect(page.get_by_role("link", name="Acknowledge")).to_be_visible()
    assert complaints == []


async def test_a_dead_letter_is_retried_and_another_dropped_without_scripts(browser: Browser, lists: Served) -> None:
    page, complaints = await shown(browser, scripts=False)
    await page.goto(f"{lists.address}deliveries?show=dead")
    row = page.get_by_role("listitem").filter(has_text="this robot does not exist")
    await row.locator(".title a").click()
    await page.get_by_role("button", name="Try again now").click()
    await expect(page.get_by_role("status").filter(has_text="It is tried again now.")).to_be_visible()
    async with lists.site.store.read() as tx:
        found = await mailroom.find(tx, "3-0")
    assert found is not None
    assert found.state is Standing.WAITING
    await page.get_by_text("Drop it", exact=True).click()
    await expect(page.get_by_text("stock-desk will never get this message.")).to_be_visible()
    await page.get_by_role("button", name="Drop the message").click()
    await expect(page.get_by_role("status").filter(has_text="dropped")).to_be_visible()
    async with lists.site.store.read() as tx:
        assert await mailroom.find(tx, "3-0") is None
    for path in PAGES.values():
        if "3-0" not in path:
            answer = await page.goto(lists.address + path)
            assert answer is not None
            assert answer.status == 200
            await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await page.goto(f"{lists.address}alerts/{ORDERS.key}")
    await expect(page.get_by_text("critical when cdc.abnormal 5 > 0")).to_be_visible()
    assert complaints == []


async def test_the_keyboard_reaches_what_the_mouse_does(browser: Browser, lists: Served) -> None:
    page, _ = await shown(browser)
    await page.goto(f"{lists.address}alerts")
    await page.wait_for_selector(LIVE)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator("#main")).to_be_focused()
    for name in ("Firing 4", "Pending 1", "Kept quiet 1", "Acknowledged 1", "Flapping 1", "History"):
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name=name, exact=True)).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(page.get_by_label("Filter by labels")).to_be_focused()
    await page.keyboard.type('instance="billing"')
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=2)).to_have_text(["instance-unreachable 1"])
    await page.get_by_role("checkbox").focus()
    await page.keyboard.press("Space")
    for label in ("billing", "Runbook of instance-unreachable", "Acknowledge billing", "Silence billing"):
        await page.keyboard.press("Tab")
        await expect(page.locator(":focus")).to_contain_text(label)
        assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("New silence")
