"""Every page in Chinese, as its HTML tells it: nothing of it is in English but what people and clouds have written."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import NamedTuple

import listscene
import pytest
import webpast
import webscene
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from monitor import degradation, undelivered
from monitor.access import Reader, Role, Way
from monitor.matchers import parse
from monitor.model import Severity
from monitor.store import alerts, links
from monitor.store.database import Store
from monitor.textfault import TextFault
from monitor.tickets import Deed, ticket
from monitor.web import deeds
from monitor.web.reader import enters
from monitor.web.server import make_app
from monitor.web.site import Site, Speech
from monitor.web.words import telling

ORDERS, BILLING, STOCK, WAITING = webscene.live()
HEADERS = {"Accept": "text/html", "Accept-Language": "zh-CN"}
LATIN = re.compile(r"[A-Za-z]{3,}(?:[ ,:;]+[A-Za-z]{2,})+")
"""Several words of English in a row."""
MARKED = re.compile(r"<(pre|code|textarea|script|svg|option)\b.*?</\1>", re.DOTALL)
"""What is quoted from files and fields, and drawn."""
SPOKEN = re.compile(r'\b(?:aria-label|title|alt|placeholder|data-on|data-lost|data-zone|data-units)="([^"]*)"')
WRITTEN = (
    *(rule.name for rule in (*webpast.RULES, *listscene.RULES)),
    *(one.annotations["summary"] for one in (*webscene.live(), *listscene.more())),
    "Batch jobs end every night, one after the other.",
    "robot does not exist",
    "connection refused",
    "answer within",
    "with an HTML page instead of counts",
    "disk full",
    "FDI Monitor",
    "Huawei Cloud",
)
"""Names, summaries, comments and reasons: they stay as they were written."""

PAGES = (
    "",
    "?account=prod&q=e",
    *(f"instances/prod/{webscene.found(name).id}" for name in ("orders", "billing", "loyalty")),
    *(f"alerts?show={show}" for show in ("firing", "pending", "silenced", "acknowledged", "flapping", "history")),
    *(f"alerts?filter={text}" for text in ("a", "a=%22", "a%3D%3Db", "%7Ba%3Db", "a%3D~%28", "a%3Db+c", "a='b'")),
    *(f"alerts/{name}" for name in (ORDERS.key, STOCK.key, WAITING.key, "orders", "billing", "tasks-abnormal")),
    *(f"alerts/{alert}" for alert in ("failing", "degraded")),
    f"alerts/ack?alert={ORDERS.key}",
    "rules",
    "rules?sort=state&q=nothing-like-it",
    "deliveries",
    "deliveries/3-0?said=nothing",
    "deliveries/5-0?said=retried",
    "deliveries/retry?receiver=stock-desk",
    "deliveries/retry?receiver=ops-chat",
    *(f"silences?show={show}" for show in ("active", "pending", "expired")),
    *(f"silences/{one.id}" for one in listscene.given()),
    "silences/new",
    f"silences/new?alert={ORDERS.key}",
    "silences/new?matcher=severity%3D%22warning%22",
    "status",
    *("nowhere", "alerts/gone", "deliveries/gone", "silences/gone", "instances/prod/gone"),
    f"instances/prod/{webscene.found('orders').id}?range=2h",
    "links/forged",
)


class Scene(NamedTuple):
    site: Site
    client: TestClient[web.Request, web.Application]


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[Scene]:
    """The morning with all lists, a fault in the policy, deeds of people, and what the service says of itself."""
    await listscene.play(store)
    site = replace(webpast.site(store, broken=True), speech=lambda: _speech(webpast.site(store, broken=True)))
    failing = undelivered.judged({}, {"ops-chat": "disk full"}, at=webscene.before(9))
    degraded = degradation.judged({}, "the store did not take a write: disk full", at=webscene.before(8))
    assert degraded is not None
    moved = [one.alert for one in (*failing, degraded) if one.alert is not None]
    named = [replace(one, key=key) for one, key in zip(moved, ("failing", "degraded"), strict=True)]
    async with store.write() as tx:
        await alerts.save(tx, named)
    for who in (Reader(Way.USER, Role.OPERATOR, "wang"), Reader(Way.LOOPBACK, Role.OPERATOR)):
        enters(who)
        await _deeds(site)
    async with TestClient(TestServer(make_app(site))) as client:
        yield Scene(site, client)


def _speech(site: Site) -> Speech:
    given = site.speech()
    return replace(given, quieting=listscene.SPEECH.quieting, places=listscene.SPEECH.places)


async def _deeds(site: Site) -> None:
    """One of each kind, about the alerts of the scene."""
    ends = webscene.NOW + timedelta(hours=1)
    await deeds.acknowledge(site, [ORDERS.key], by="wang", comment="正在处理", expires_at=ends)
    await deeds.acknowledge(site, [STOCK.key], by="wang", comment="", expires_at=None)
    made = replace(listscene.given()[0], id="", matchers=parse('instance="orders"'), comment="")
    kept = await deeds.silence(site, made)
    assert kept is not None
    await deeds.extend(site, kept.id, timedelta(hours=1))
    await deeds.expire(site, kept.id)
    await deeds.withdraw(site, ORDERS.key)
    await deeds.retry(site, ["5-0", "3-0"])


def stray(html: str) -> set[str]:
    """The English of a page that nobody wrote."""
    assert '<html lang="zh-CN">' in html
    body = MARKED.sub(" ", html[html.index("<body") :])
    said = unescape("\n".join([*SPOKEN.findall(body), re.sub(r"<[^>]+>", "\n", body)]))
    for text in WRITTEN:
        said = said.replace(text, "…")
    return set(LATIN.findall(said))


async def test_no_page_has_a_word_of_english_that_nobody_wrote(scene: Scene) -> None:
    for path in PAGES:
        answer = await scene.client.get(f"/{path}", headers=HEADERS)
        assert answer.status in (200, 400, 404, 410), path
        assert stray(await answer.text()) == set(), path


async def test_neither_have_forms_that_are_sent_back(scene: Scene) -> None:
    full = {"matchers": 'instance=~"orders|returns"', "owner": "王", "lasts": "2h"}
    for path, form in (
        ("silences/new", {"deed": "make"}),
        ("silences/new", {**full, "matchers": "a", "unless": "b=~*", "zone": "Mars", "starts_at": "soon"}),
        ("silences/new", {**full, "lasts": "400d"}),
        ("silences/new", {**full, "matchers": 'a=~".*"', "ends_at": "2020-01-01"}),
        ("silences/new", {**full, "deed": "preview"}),
        (f"silences/{listscene.given()[0].id}/extend", {"lasts": "long"}),
        ("alerts/ack", {"alert": ORDERS.key, "lasts": "long"}),
    ):
        answer = await scene.client.post(f"/{path}", headers=HEADERS, data=form)
        assert answer.status in (200, 422), path
        assert stray(await answer.text()) == set(), (path, form)


async def test_nor_links_whatever_becomes_of_them(scene: Scene) -> None:
    key = await links.key(scene.site.store)
    now, then = webscene.letters()[3].notification, webscene.letters()[0].notification
    message, over = replace(now, id="4-0"), replace(then, id="1-0")
    old = replace(message, at=message.at - timedelta(hours=25))
    for said, deed, statuses in (
        (message, Deed.SILENCE_1H, (200, 200, 410)),
        (message, Deed.ACKNOWLEDGE, (200, 200, 410)),
        (over, Deed.ACKNOWLEDGE, (410, 410, 410)),
        (old, Deed.ACKNOWLEDGE, (410, 410, 410)),
        (replace(message, id="gone"), Deed.ACKNOWLEDGE, (410, 410, 410)),
    ):
        link = f"/links/{ticket(deed, said).sealed(key)}"
        answers = [
            await scene.client.get(link, headers=HEADERS),
            await scene.client.post(link, headers=HEADERS, data={"owner": "李"}),
            await scene.client.post(link, headers=HEADERS, data={"owner": "李"}),
            await scene.client.post(link, headers=HEADERS),
        ]
        assert tuple(one.status for one in answers) == (*statuses, 400), (said.id, deed)
        for one in answers:
            assert stray(await one.text()) == set(), (said.id, deed)
    for path in ("silences", f"alerts/{ORDERS.key}", "alerts?show=acknowledged"):
        answer = await scene.client.get(f"/{path}", headers=HEADERS)
        assert stray(await answer.text()) == set(), path


@pytest.mark.parametrize(
    "text",
    [
        *("a", "=b", "a=", "a==b", '{a="b"', 'a="b', "a='b'", "a=b c", "a=b}", "x" * 10_001),
        *(f'a=~"{one}"' for one in ("(", "[a", "a)", "*", "a**", r"\\q", "a{2,1}", "(?P<n", "[b-a]", "(?=a)", r"\\1")),
    ],
)
def test_what_is_wrong_with_matchers_is_said_in_chinese(text: str) -> None:
    with pytest.raises(TextFault) as fault:
        parse(text)
    told = telling.told(fault.value.message, "zh")
    assert told != fault.value.message
    assert not LATIN.search(told)


def test_the_severities_of_the_scene_are_all_there() -> None:
    assert {one.severity for one in (*webscene.live(), *listscene.more())} == set(Severity)
