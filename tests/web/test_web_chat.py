"""The simulator's chat room as people see it: a real Chromium, and messages that the shipped rules say."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Browser, FloatRect, Locator, Page, ViewportSize, expect
from pydantic import SecretStr
from test_web_browser import CONTRAST, Scheme, browser

from monitor import clock
from monitor.message import render
from monitor.model import Counts, Instance, Sample, Severity
from monitor.notification import Notification
from monitor.notifiers import Outcome, Tools
from monitor.notifiers.feishu import Feishu, FeishuOptions
from monitor.policy.loader import load
from monitor.rules.stage import Stage
from monitor.simulator import Scenario, Simulator, SimulatorOptions

__all__ = ["browser"]  # the fixture

RULES = Path(__file__).parents[2] / "rules"
START = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
BROKEN = range(1, 11)
"""At which of the polls CDC tasks are broken: one every thirty seconds from START on."""
MARGIN = 20
"""Pixels around the conversation in a picture."""


@dataclass(slots=True)
class Hand:
    """A clock that stands where it was put."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at


@dataclass(frozen=True, slots=True)
class Room:
    """A running chat room, and a bot of the service that speaks in it."""

    address: str
    bot: Feishu
    hand: Hand

    async def hears(self, *said: Notification, language: str = "en") -> None:
        """Each is rendered, signed and sent as the courier does it, at its moment."""
        for one in said:
            self.hand.at = one.at
            message = render(one, language=language, zone=clock.zone(), public_url="https://fdi.example.com")
            verdict = await self.bot.send(message)
            assert verdict.outcome is Outcome.DELIVERED, verdict


@pytest.fixture(autouse=True)
def _in_shanghai(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This machine is in China: the room and the messages tell its time."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "CST-8")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    """An empty room."""
    hand = Hand()
    options = SimulatorOptions(instances=0, scenario=Scenario(), clock=hand)
    async with aiohttp.ClientSession() as session, Simulator(options) as simulator:
        known = simulator.credentials
        chosen = FeishuOptions(webhook=SecretStr(known.feishu_webhook), secret=SecretStr(known.feishu_secret))
        yield Room(known.chat, Feishu(chosen, Tools(session, hand)), hand)


def story() -> tuple[Notification, ...]:
    """What the shipped rules and route say when three CDC tasks of one instance break, and are mended."""
    policy = load(RULES, {}, doors=False)
    orders = Instance("prod", "fae7ff6c", "orders", "cn-north-4")
    stage = Stage([orders], policy.rules, policy.route)
    said: list[Notification] = []
    for number in range(20):
        at = START + number * timedelta(seconds=30)
        broken = 3 if number in BROKEN else 0
        said += stage.speak(at)
        stage.take(
            Sample(orders, at, timedelta(milliseconds=40), Counts(31, 0, 1, 862), Counts(9 - broken, broken, 0, 4))
        )
    return tuple(replace(one, id=str(uuid.uuid5(uuid.NAMESPACE_URL, one.id))) for one in said)


async def opened(
    browser: Browser,
    room: Room,
    *,
    size: tuple[int, int] = (900, 900),
    scheme: Scheme = "light",
    query: str = "?lang=en",
) -> tuple[Page, list[str]]:
    """The room's page, live, with the list into which the browser's complaints go."""
    viewport = ViewportSize(width=size[0], height=size[1])
    context = await browser.new_context(viewport=viewport, color_scheme=scheme, device_scale_factor=2)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(room.address + query)
    await page.wait_for_selector(".state.live")
    return page, complaints


async def picture(page: Page, name: str) -> None:
    """Writes the conversation into the folder FDI_PICTURES under this name, where that variable is set."""
    if folder := os.environ.get("FDI_PICTURES"):
        first, last = [await page.get_by_role("article").nth(place).bounding_box() for place in (0, -1)]
        assert first is not None
        assert last is not None
        edges: FloatRect = {
            "x": first["x"] - MARGIN,
            "y": first["y"] - MARGIN,
            "width": first["width"] + 2 * MARGIN,
            "height": last["y"] + last["height"] - first["y"] + 2 * MARGIN,
        }
        await page.screenshot(path=Path(folder) / f"{name}.png", clip=edges)


def cards(page: Page) -> Locator:
    return page.get_by_role("article").locator(".card")


@pytest.mark.parametrize(
    ("name", "size", "scheme"),
    [
        ("chat", (900, 900), "light"),
        ("chat-dark", (900, 900), "dark"),
        ("", (390, 844), "light"),
        ("", (320, 640), "dark"),
    ],
    ids=["chat", "dark", "phone", "narrow"],
)
async def test_a_break_and_its_end_read_well(
    browser: Browser, room: Room, name: str, size: tuple[int, int], scheme: Scheme
) -> None:
    await room.hears(*story())
    page, complaints = await opened(browser, room, size=size, scheme=scheme)
    if name:
        await picture(page, name)
    await expect(cards(page)).to_have_count(2)
    firing, resolved = await cards(page).all()
    await expect(firing).to_have_class("card card-red")
    await expect(firing.get_by_role("heading")).to_have_text("[FIRING critical] cdc-tasks-abnormal · prod · orders")
    await expect(firing).to_contain_text("3 CDC tasks abnormal on orders")
    fields = firing.locator(".fields > div")
    await expect(fields).to_contain_text(["3 (common 0, CDC 3)", "37", "1", "866", "10:02:30", "10s"])
    await expect(firing).to_contain_text("sent 2026-01-05 10:02:40 +08:00 · id")
    await expect(resolved).to_have_class("card card-green")
    await expect(resolved.get_by_role("heading")).to_have_text("[RESOLVED] cdc-tasks-abnormal · prod · orders")
    await expect(resolved).to_contain_text("Over: 3 CDC tasks abnormal on orders")
    proof = ["3 → 0 (common 0, CDC 3 → 0)", "37 → 40", "1", "866", "10:05:30"]
    await expect(resolved.locator(".fields > div")).to_contain_text([*proof, "10:02:30", "10:05:30", "3m"])
    await expect(page.locator("article time").first).to_have_text("10:02:40")
    assert await page.evaluate("document.documentElement.scrollWidth") == size[0]
    assert await page.evaluate(
        "[...document.querySelectorAll('.card')].every((it) => it.scrollWidth <= it.clientWidth)"
    )
    ratios = await page.evaluate(CONTRAST)
    assert {"time.", "span.via", "span.ink-grey"} <= {one[1] for one in ratios}
    assert ratios[0][0] >= 4.5, ratios[:5]
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_marks_of_several_alerts_can_be_read(browser: Browser, room: Room, scheme: Scheme) -> None:
    first, last = story()
    [broken], [mended] = first.alerts, last.alerts
    levels = tuple(replace(broken, severity=severity) for severity in reversed(Severity))
    await room.hears(replace(last, alerts=(*levels, mended)))
    page, _ = await opened(browser, room, scheme=scheme)
    await expect(cards(page).get_by_role("heading")).to_contain_text("orders (3)")
    ratios = await page.evaluate(CONTRAST)
    assert {"span.ink-red", "span.ink-orange", "span.ink-blue"} <= {one[1] for one in ratios}
    assert ratios[0][0] >= 4.5, ratios[:5]


async def test_a_message_arrives_without_a_reload(browser: Browser, room: Room) -> None:
    first, last = story()
    page, complaints = await opened(browser, room)
    await expect(page.get_by_text("Nothing yet")).to_be_visible()
    await page.evaluate("window.stayed = true")
    await room.hears(first)
    await expect(page.get_by_role("heading", name="[FIRING critical]")).to_be_visible()
    await expect(page.get_by_text("Nothing yet")).to_have_count(0)
    await room.hears(last)
    await expect(page.get_by_role("heading", name="[RESOLVED]")).to_be_in_viewport()
    await expect(page.get_by_role("link", name="All messages")).to_contain_text("2")
    await expect(page.get_by_role("link", name="Feishu")).to_contain_text("2")
    await expect(page.get_by_role("link", name="Webhook")).to_contain_text("0")
    assert await page.evaluate("window.stayed") is True
    assert complaints == []


async def test_the_newest_is_in_view_unless_somebody_reads_older_ones(browser: Browser, room: Room) -> None:
    first, last = story()
    await room.hears(first, last, first, last)
    page, _ = await opened(browser, room, size=(900, 600))
    await expect(cards(page).nth(3)).to_be_in_viewport()
    await page.locator(".scroll").evaluate("(it) => { it.scrollTop = 0 }")
    await room.hears(first)
    await expect(cards(page)).to_have_count(5)
    assert await page.locator(".scroll").evaluate("(it) => it.scrollTop") == 0
    await expect(cards(page).first).to_be_in_viewport()


async def test_the_room_speaks_chinese_to_those_who_do(browser: Browser, room: Room) -> None:
    await room.hears(*story(), language="zh")
    page, complaints = await opened(browser, room, query="?lang=zh")
    await expect(page).to_have_title("数据集成告警群")
    await expect(cards(page).first.get_by_role("heading")).to_contain_text("cdc-tasks-abnormal · prod · orders")
    await expect(cards(page).first.locator(".fields > div").first).to_have_text("异常3（普通 0，CDC 3）")
    await expect(page.get_by_role("link", name="飞书")).to_contain_text("2")
    assert complaints == []


async def test_without_scripts_the_room_can_be_read(browser: Browser, room: Room) -> None:
    await room.hears(*story())
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{room.address}?lang=en")
    await expect(cards(page)).to_have_count(2)
    await expect(page.get_by_text("reload for news")).to_be_visible()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Data integration alerts")


async def test_the_keyboard_skips_to_the_messages(browser: Browser, room: Room) -> None:
    page, _ = await opened(browser, room)
    await page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the messages")
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="EN", exact=True)).to_be_focused()
