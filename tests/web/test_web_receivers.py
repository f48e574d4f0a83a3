"""A break and its end in every simulated chat, as people see them on a phone; drawn for the page on receivers."""

from __future__ import annotations

import os
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, Page, expect
from pydantic import SecretStr
from test_web_browser import CONTRAST, browser
from test_web_chat import Hand, _in_shanghai, picture, story

from monitor import clock
from monitor.curve import Curve
from monitor.fdi.account import Account, Aksk
from monitor.fdi.topics import AccountTopics
from monitor.message import render
from monitor.model import TASKS, Counts, Failure, FailureKind, Run
from monitor.notification import Notification
from monitor.notifiers import Outcome, SmtpServer, Tools, registry
from monitor.notifiers.email import Email, EmailOptions
from monitor.notifiers.plot import HEIGHT, WIDTH
from monitor.notifiers.receiver import Integration
from monitor.recent import curve
from monitor.simulator import Scenario, Simulator, SimulatorOptions

__all__ = ["_in_shanghai", "browser"]  # the fixtures

PHONE = 390
URL = "https://fdi.example.com"
CHINESE = ("feishu", "dingtalk", "wecom")
"""Chats of which a Chinese picture says more."""
KEY = b"0123456789abcdef0123456789abcdef"


def receivers(url: str, feishu_secret: str) -> dict[str, dict[str, Any]]:
    """Every chat of the simulated cloud, as the policy would name it."""
    return {
        "feishu": {"webhook": f"{url}/feishu/demo", "secret": feishu_secret, "at": ["all"]},
        "dingtalk": {"webhook": f"{url}/dingtalk/demo", "secret": feishu_secret, "at": ["13800000000"]},
        "wecom": {"webhook": f"{url}/wecom/demo", "at": ["zhangsan"]},
        "slack": {"token": "xoxb", "channel": "#alerts", "base_url": f"{url}/slack/demo/api"},
        "teams": {"webhook": f"{url}/teams/demo"},
        "telegram": {"token": "1:demo", "chat_id": "-100", "base_url": url},
        "discord": {"webhook": f"{url}/api/webhooks/1/demo"},
        "pagerduty": {"routing_key": "demo", "base_url": f"{url}/pagerduty/demo"},
        "alertmanager": {"urls": [f"{url}/alertmanager/demo"]},
        "smn": {"account": "prod", "topic": "fdi-alerts", "base_url": url},
        "webhook": {"url": f"{url}/webhook/demo"},
    }


def spoken(said: Notification, language: str) -> Notification:
    """The notification with the names of the broken tasks, and in Chinese with a rule that speaks it."""
    summary = {"summary": "orders 有 3 个 CDC 任务异常"} if language == "zh" else {}
    notes = {**summary, TASKS: "sync-orders, 订单同步, stock-to-dws"}
    return replace(said, alerts=tuple(replace(one, annotations={**one.annotations, **notes}) for one in said.alerts))


async def told(kind: str, given: dict[str, Any], tools: Tools, hand: Hand, language: str) -> None:
    """Both messages of the story, the second as one that may change the first; where it did, the first once more."""
    options = registry.find().kinds[kind].Options.model_validate(given)
    notifier = registry.build(Integration(kind, options), tools)
    ref, lives = "", False
    first, last = (spoken(one, language) for one in story())
    for one in (first, last, replace(first, at=last.at + timedelta(minutes=10))):
        if one.at > last.at and not lives:
            break
        hand.at = one.at
        message = render(one, language=language, zone=clock.zone(), public_url=URL, key=KEY)
        verdict = await notifier.send(replace(message, edits=ref))
        assert verdict.outcome is Outcome.DELIVERED, (kind, verdict)
        ref = verdict.ref
        lives |= bool(ref)


async def looked_at(page: Page, address: str, kind: str) -> None:
    """The chat alone: nothing is cut off on a phone, everything can be read, and it is drawn where that is wanted."""
    await page.goto(f"{address}?robot={kind}&lang=en")
    await page.wait_for_selector(".state.live")
    first = page.get_by_role("article").first
    await expect(first).to_contain_text("cdc-tasks-abnormal")
    assert await page.evaluate("document.documentElement.scrollWidth") == PHONE, kind
    wide = "[...document.querySelectorAll('.card, .bubble')].filter((it) => it.scrollWidth > it.clientWidth).length"
    assert await page.evaluate(wide) == 0, kind
    ratios = await page.evaluate(CONTRAST)
    assert ratios[0][0] >= 4.5, (kind, ratios[:3])
    if folder := os.environ.get("FDI_PICTURES"):
        (Path(folder) / "receivers").mkdir(exist_ok=True)
        await picture(page, f"receivers/{kind}")


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_break_and_its_end_in_every_chat(browser: Browser, language: str) -> None:
    hand = Hand()
    options = SimulatorOptions(instances=0, scenario=Scenario(), clock=hand)
    async with aiohttp.ClientSession() as session, Simulator(options) as simulator:
        known = simulator.credentials
        auth = Aksk(known.access_key, SecretStr(known.secret_key))
        account = Account("prod", known.url, known.url, auth, known.region, known.project_id)
        tools = Tools(session, hand, topics={"prod": AccountTopics(account, session, hand)})
        every = receivers(known.url, known.feishu_secret)
        for kind, given in every.items():
            await told(kind, given, tools, hand, "zh" if kind in CHINESE else language)
        if language == "zh":
            summaries = [one.summary for one in simulator.inbox.seen() if one.robot not in ("alertmanager", "webhook")]
            assert all("已恢复" in one or "告警 严重" in one for one in summaries), summaries
            return
        context = await browser.new_context(viewport={"width": PHONE, "height": 1300}, device_scale_factor=1.15)
        page = await context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        for kind in every:
            await looked_at(page, known.chat, kind)
        assert complaints == []


async def test_a_living_message_changes_on_the_page(browser: Browser) -> None:
    hand = Hand()
    options = SimulatorOptions(instances=0, scenario=Scenario(), clock=hand)
    async with aiohttp.ClientSession() as session, Simulator(options) as simulator:
        known = simulator.credentials
        page = await (await browser.new_context()).new_page()
        await page.goto(f"{known.chat}?robot=telegram&lang=en")
        await page.wait_for_selector(".state.live")
        await told("telegram", receivers(known.url, "")["telegram"], Tools(session, hand), hand, "en")
        cards = page.get_by_role("article").locator(".card")
        await expect(page.get_by_role("article")).to_have_count(3)
        await expect(cards.first).to_have_class("card card-green")
        await expect(cards.first).to_contain_text("Over: 3 CDC tasks abnormal on orders")
        await expect(cards.last).to_have_class("card card-red")
        await expect(page.get_by_role("link", name="Telegram")).to_contain_text("3")


def past(said: Notification) -> Curve:
    """Hours before the break, with a smaller one and polls that failed."""

    def run(start: float, end: float, broken: int | None) -> Run:
        """From so many minutes before the alert until so many."""
        polls = round((start - end) * 2) + 1
        began, ended = (alert.started_at - timedelta(minutes=minutes) for minutes in (start, end))
        if broken is None:
            failure = Failure(FailureKind.TIMEOUT, "no answer within 10 s")
            return Run(began, ended, polls, failure=failure)
        return Run(began, ended, polls, Counts(31, 0, 1, 862), Counts(9 - broken, broken, 0, 4))

    [alert] = said.alerts
    after = (said.at - alert.started_at).total_seconds() / 60
    parts = [(400.0, 130.5, 0), (130, 110.5, 2), (110, 70.5, 0), (70, 50.5, None), (50, 25.5, 0), (25, 12.5, 1)]
    found = curve(alert, [run(*part) for part in (*parts, (12, 0.5, 0), (0, -after, 3))], said.at)
    assert found is not None
    return found


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_an_email_with_the_counts_of_the_last_hours(browser: Browser, language: str) -> None:
    said = spoken(story()[0], language)
    said = replace(said, at=said.at + timedelta(minutes=20))
    message = render(said, language=language, zone=clock.zone(), public_url=URL, key=KEY, curve=past(said))
    smtp = SmtpServer(sender="monitor@example.com")
    async with aiohttp.ClientSession() as session:
        email = Email(EmailOptions(to=("ops@example.com",)), Tools(session, Hand(), smtp=smtp))
        mail = email.payload(message)
    html, plot = mail.get_body(("html",)), list(mail.walk())[-1]
    assert html is not None
    data = b64encode(plot.get_content()).decode()
    shown = html.get_content().replace(f"cid:{plot['Content-ID'].strip('<>')}", f"data:image/png;base64,{data}")
    context = await browser.new_context(viewport={"width": PHONE, "height": 100}, device_scale_factor=1.5)
    page = await context.new_page()
    await page.set_content(f"<!doctype html><body style='background:#fff'><main>{shown}</main>")
    drawn = await page.evaluate(
        "(({naturalWidth, naturalHeight}) => [naturalWidth, naturalHeight])(document.images[0])"
    )
    assert drawn == [2 * WIDTH, 2 * HEIGHT]
    assert await page.evaluate("document.documentElement.scrollWidth") == PHONE
    ratios = await page.evaluate(CONTRAST)
    assert ratios[0][0] >= 4.5, ratios[:3]
    if language == "en" and (folder := os.environ.get("FDI_PICTURES")):
        await page.screenshot(full_page=True, path=Path(folder) / "receivers" / "email.png")
