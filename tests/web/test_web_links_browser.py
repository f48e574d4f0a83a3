"""A link of a message in a real browser: from the page that asks, through the form, to the timeline of the alert."""

from __future__ import annotations

from datetime import timedelta

import pytest
import webscene
from playwright.async_api import Browser, ConsoleMessage, expect
from test_web_browser import CONTRAST, Served, browser, served

from monitor.store import acks, links, outbox
from monitor.tickets import Deed, Ticket

__all__ = ["browser", "served"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_link_is_confirmed_without_scripts_and_leads_to_the_alert(
    browser: Browser,
    served: Served,
    scheme: str,
) -> None:
    store, complaints = served.site.store, list[str]()
    async with store.read() as tx:
        letters = await outbox.recent(tx, most=100)
    [orders, *_] = [one for one in webscene.live() if one.labels["instance"] == "orders"]
    told = next(one for one in letters if any(view.key == orders.key for view in one.notification.firing))
    sealed = Ticket(Deed.ACKNOWLEDGE, told.id, webscene.NOW + timedelta(hours=1)).sealed(await links.key(store))

    def heard(message: ConsoleMessage) -> None:
        complaints.append(message.text)

    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    page.on("console", heard)
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await page.goto(f"{served.address}links/{sealed}")
    await expect(page.locator("h1")).to_have_text("Acknowledge?")
    await page.get_by_label("Your name").fill("王")
    await page.get_by_role("button", name="Acknowledge").click()
    await expect(page.locator("h1")).to_have_text("Acknowledged by 王. The link cannot be used again.")
    async with store.read() as tx:
        assert [one.owner for one in (await acks.every(tx)).values()] == ["王"]

    await page.get_by_role("link", name="To the overview").click()
    await page.get_by_role("link", name="cdc-tasks-abnormal").first.click()
    await expect(page.locator("h1")).to_have_text("cdc-tasks-abnormal · orders")
    await expect(page.get_by_text("acknowledged by 王: by a link in a message").first).to_be_visible()
    await context.close()
    lively = await browser.new_page()
    await lively.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await lively.goto(f"{served.address}alerts/{orders.key}")
    ratios = await lively.evaluate(CONTRAST)
    assert ratios[0][0] >= 4.5, ratios[:5]
    assert complaints == []
