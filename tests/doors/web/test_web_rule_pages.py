"""The page of the rules, as its HTML tells it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from test_web_alert_pages import fired
from test_web_ruleboard import ABNORMAL, SPEECH
from webrows import alert, fill, instance, opened, page, run

from monitor.rules.rule import Rule


def text(html: str) -> str:
    """What a reader sees: without tags, spaces folded."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def names(html: str) -> list[str]:
    return re.findall(r'<li class="alert [^"]*" id="rule-([^"]*)"', html)


async def test_each_rule_tells_its_state_its_noise_and_where_it_stands(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (site, client):
        await fill(site.store, [(instance(), [run()])], alert_rows=[replace(alert(), rule=ABNORMAL.name)])
        await fired(site, alert().key, 4000, 3000, 86_400 * 8)
        html = await page(client, "/rules")
    seen = text(html)
    assert names(html) == ["r", "many", "tasks-abnormal", "terminated-jump"]
    assert "r quiet built in noise 1 · fired 2 times (0 over at once, 1 back at once) · 0 messages · 20m in all" in seen
    assert "tasks-abnormal 1 firing fdi.yaml:12 critical abnormal &gt;= crit warning abnormal &gt;= warn" in seen
    assert "watches 0 instances · not judged yet · 2 tests" in seen
    assert "watches 1 instance · judged 5s ago · no test" in seen
    assert 'href="./alerts?filter=alertname%3D%22tasks-abnormal%22"' in html


async def test_rules_are_found_and_sorted(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (_, client):
        assert names(await page(client, "/rules?sort=name")) == ["many", "tasks-abnormal", "terminated-jump"]
        assert names(await page(client, "/rules?q=increase(")) == ["terminated-jump"]
        assert "No rule has that in its name or its expression." in await page(client, "/rules?q=zzz")


async def test_a_thousand_rules_come_in_pages(tmp_path: Path) -> None:
    rules = tuple(Rule(f"rule-{number:04}", when=f"abnormal > {number}") for number in range(1000))
    async with opened(tmp_path, replace(SPEECH, rules=rules)) as (_, client):
        html = await page(client, "/rules?sort=name&page=2")
    assert names(html) == [f"rule-{number:04}" for number in range(25, 50)]
    assert "26 to 50 of 1,000" in html
