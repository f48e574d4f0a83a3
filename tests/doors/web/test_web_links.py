"""Links in messages: opening one changes nothing, confirming does it once, and one that cannot be used says why."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from webrows import NOW, Client, alert, fill, instance, letter, opened, resolved

from monitor.model import Alert
from monitor.store import acks, links, silences
from monitor.tickets import Deed, ticket
from monitor.web.site import Site

ORDERS = alert(instance("orders"))


class Scene(NamedTuple):
    site: Site
    client: Client
    key: bytes

    async def changed(self) -> bool:
        async with self.site.store.read() as tx:
            return bool(await acks.every(tx) or await silences.every(tx))

    def link(self, deed: Deed, *, key: bytes = b"", older: timedelta = timedelta()) -> str:
        said = letter(ORDERS).notification
        return f"/links/{ticket(deed, replace(said, at=said.at - older)).sealed(key or self.key)}"


@asynccontextmanager
async def scene(tmp_path: Path, one: Alert = ORDERS) -> AsyncIterator[Scene]:
    """A message told of `one`, which may be over by now."""
    async with opened(tmp_path) as (site, client):
        await fill(site.store, alert_rows=[one, alert(instance("billing"))], letters=[letter(ORDERS)])
        yield Scene(site, client, await links.key(site.store))


@pytest.mark.parametrize(("deed", "title"), [(Deed.ACKNOWLEDGE, "Acknowledge?"), (Deed.SILENCE_1H, "Silence for 1h?")])
async def test_opening_a_link_shows_what_it_would_do_and_does_not_do_it(tmp_path: Path, deed: Deed, title: str) -> None:
    async with scene(tmp_path) as it:
        for method in ("GET", "HEAD", "GET"):
            answer = await it.client.request(method, it.link(deed))
            assert answer.status == 200
        shown = await answer.text()
        assert not await it.changed()
    assert title in shown
    assert "orders" in shown
    assert "billing" not in shown
    past = "Would have hidden in the last 7d" in shown and "1 message (ops-chat 1)" in shown
    assert past is (deed is Deed.SILENCE_1H)
    assert '<form method="post">' in shown
    assert "<script" not in shown
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]


async def test_confirmed_it_is_done_once_with_a_name(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        place = it.link(Deed.ACKNOWLEDGE)
        nameless = await it.client.post(place, data={"owner": " "})
        assert (nameless.status, await it.changed()) == (400, False)
        done = await it.client.post(place, data={"owner": "王 <b>"})
        assert done.status == 200
        assert "Acknowledged by 王 &lt;b&gt;. The link cannot be used again." in await done.text()
        for method in ("GET", "POST"):
            again = await it.client.request(method, place, data={"owner": "x"} if method == "POST" else None)
            assert again.status == 410
            assert "This link was used already" in await again.text()
        async with it.site.store.read() as tx:
            [ack] = (await acks.every(tx)).values()
    assert (ack.alert, ack.owner, ack.at) == (ORDERS.key, "王 <b>", NOW)


async def test_a_silence_hides_what_the_message_told_for_as_long_as_the_link_says(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        assert (await it.client.post(it.link(Deed.SILENCE_4H), data={"owner": "wang"})).status == 200
        async with it.site.store.read() as tx:
            [silence] = await silences.every(tx)
    assert silence.ends_at - silence.starts_at == timedelta(hours=4)
    assert silence.matches(ORDERS.all_labels)
    assert not silence.matches(alert(instance("billing")).all_labels)


async def test_a_page_of_another_site_cannot_confirm(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            answer = await it.client.post(it.link(Deed.ACKNOWLEDGE), data={"owner": "x"}, headers=headers)
            assert answer.status == 403
        assert not await it.changed()


async def test_a_link_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        forged, old = it.link(Deed.SILENCE_1H, key=b"x" * 32), it.link(Deed.SILENCE_1H, older=timedelta(days=1))
        for place, words in (
            (forged, "not made by this service"),
            (old, "has expired"),
            ("/links/x", "not made by this service"),
        ):
            for answer in (await it.client.get(place), await it.client.post(place, data={"owner": "x"})):
                assert answer.status == 410
                assert words in await answer.text()
        assert not await it.changed()


async def test_what_is_over_needs_nobody(tmp_path: Path) -> None:
    async with scene(tmp_path, resolved(ORDERS)) as it:
        answer = await it.client.get(it.link(Deed.ACKNOWLEDGE))
        assert answer.status == 410
        assert "fires any more" in await answer.text()


async def test_the_key_stays_the_same_and_used_links_are_forgotten_in_time(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, _):
        first = await links.key(site.store)
        assert len(first) == 32
        async with site.store.write() as tx:
            await links.use(tx, "x", at=NOW, by="wang")
            await links.prune(tx, NOW)
            assert await links.used(tx, "x")
            await links.prune(tx, NOW + timedelta(seconds=1))
            assert not await links.used(tx, "x")
    async with opened(tmp_path) as (site, _):
        assert await links.key(site.store) == first
