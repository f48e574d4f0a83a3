"""What `deploy/` gives a Prometheus and a Grafana: sound by Prometheus's own tool, and about metrics that there are."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families as parse
from webrows import alert, fill, instance, letter, opened, page, run, share

import monitor

DEPLOY = Path(monitor.__file__).parents[1] / "deploy"
PROMETHEUS = DEPLOY / "prometheus"
DASHBOARD = DEPLOY / "grafana" / "fdi-monitor.json"
PROMTOOL = shutil.which("promtool")

needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is missing: apt-get install prometheus")

_NOT_OURS = {"up"}
"""What Prometheus itself says of a scrape."""
_WORDS = {"and", "or", "unless", "by", "on", "sum", "count", "rate", "increase", "delta", "topk", "vector", "max"}
_WORDS |= {"histogram_quantile", "le"}


def promtool(*arguments: str | Path) -> None:
    """The tool has to be content."""
    command = [PROMTOOL or "promtool", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def panels() -> list[dict[str, Any]]:
    """All panels but the rows that head them."""
    return [panel for panel in json.loads(DASHBOARD.read_text("utf-8"))["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    """What is asked of Prometheus, with its place."""
    for panel in panels():
        for target in panel["targets"]:
            yield f"panel {panel['title']}", target["expr"]
    for group in yaml.safe_load((PROMETHEUS / "fdi-monitor.rules.yaml").read_text("utf-8"))["groups"]:
        for rule in group["rules"]:
            yield f"alert {rule['alert']}", rule["expr"]


def named(expression: str) -> set[str]:
    """The metrics of an expression."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]|(?:by|on) \([^)]*\)', " ", expression)
    return set(re.findall(r"[A-Za-z_:][\w:]*", bare)) - _WORDS


def test_the_names_of_an_expression_are_found() -> None:
    asked = 'histogram_quantile(0.99, sum by (le, account) (rate(lag_bucket{a=~"$x"}[5m]))) > 1.5 * other or vector(0)'
    assert named(asked) == {"lag_bucket", "other"}


async def test_every_panel_and_alert_asks_for_metrics_that_there_are(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, client):
        site.pulse.expect("courier", within=site.now() - site.now(), at=site.now())
        await fill(site.store, [(instance(), [run()])], alert_rows=[alert()], letters=[letter(alert())])
        await share(site.store)
        text = await page(client, "/metrics")
    found = {sample.name for family in parse(text) for sample in family.samples}
    families = {(family.name, family.type) for family in parse(text)}
    found |= {f"{name}_total" for name, kind in families if kind == "counter"} | {name for name, _ in families}
    found |= {f"{name}_bucket" for name, kind in families if kind == "histogram"} | _NOT_OURS
    strange = {(place, name) for place, asked in expressions() for name in named(asked) if name not in found}
    assert strange == set()
    assert len(list(expressions())) > 35


def test_the_dashboard_is_one_that_grafana_can_show() -> None:
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    assert {"uid", "title", "schemaVersion", "time", "templating", "panels"} <= dashboard.keys()
    everything = dashboard["panels"]
    assert len({panel["id"] for panel in everything}) == len(everything)
    taken: set[tuple[int, int]] = set()
    for panel in everything:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24, panel["title"]
        assert not cells & taken, f"{panel['title']} lies upon another"
        taken |= cells
    variables = {one["name"] for one in dashboard["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", DASHBOARD.read_text("utf-8"))) - {"__all"}
    assert used <= variables
    assert all(panel["datasource"]["uid"] == "${datasource}" for panel in panels())


@needs_promtool
def test_what_the_panels_ask_is_what_prometheus_understands(tmp_path: Path) -> None:
    asked = [text.replace("$account", ".*").replace("$instance", ".*") for _, text in expressions()]
    rules = [{"record": f"asked:{number}", "expr": text} for number, text in enumerate(asked)]
    (tmp_path / "asked.yaml").write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": rules}]}), "utf-8")
    promtool("check", "rules", tmp_path / "asked.yaml")


@needs_promtool
def test_the_alerts_about_the_service_are_sound_and_their_tests_pass() -> None:
    promtool("check", "rules", "--lint-fatal", PROMETHEUS / "fdi-monitor.rules.yaml")
    promtool("test", "rules", PROMETHEUS / "fdi-monitor.rules.test.yaml")
    tested = yaml.safe_load((PROMETHEUS / "fdi-monitor.rules.test.yaml").read_text("utf-8"))["tests"]
    fired = {case["alertname"] for test in tested for case in test["alert_rule_test"] if case.get("exp_alerts")}
    alerts = {place.removeprefix("alert ") for place, _ in expressions() if place.startswith("alert ")}
    assert fired == alerts


@needs_promtool
def test_the_configuration_is_one_that_prometheus_takes() -> None:
    promtool("check", "config", PROMETHEUS / "prometheus.yaml")
