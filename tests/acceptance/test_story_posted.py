"""Alerts of others: a real Prometheus posts its own to the service, and `amtool` posts some by hand."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from service import Service, service
from setting import policy, write
from stage import story
from test_story_quiet import AMTOOL, amtool, iso, ours
from waiting import want
from world import FEISHU, Said, World, cloud

from monitor.clock import now

PROMETHEUS = shutil.which("prometheus")

DEAD = {
    "alert": "Dead",
    "expr": "up == 0",
    "labels": {"severity": "page", "team": "数据"},
    "annotations": {"summary": "{{ $labels.instance }} 不响应", "description": "nobody scrapes it"},
}
SMALL = {"alert": "Small", "expr": "up == 0", "labels": {"severity": "info"}}
SCRAPED = {"alert": "tasks-abnormal", "expr": "max_over_time(fdi_up[5m]) == 1", "labels": {"severity": "info"}}
"""Called like a rule of ours, made of what was scraped from us, also while we start again."""

PATIENCE = 40.0
"""Seconds: a Prometheus takes five only to find what it scrapes."""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@asynccontextmanager
async def prometheus(folder: Path, run: Service, *rules: Mapping[str, Any], dead: int) -> AsyncIterator[str]:
    """A Prometheus that scrapes the service and a `dead` port, and posts what it finds; its address."""
    home = folder / "prometheus"
    home.mkdir(exist_ok=True)
    target = run.address.removeprefix("http://")
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yaml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [target]}]}]},
        "scrape_configs": [
            {"job_name": "fdi-monitor", "honor_labels": True, "static_configs": [{"targets": [target]}]},
            {"job_name": "dead", "static_configs": [{"targets": [f"127.0.0.1:{dead}"]}]},
        ],
    }
    (home / "prometheus.yaml").write_text(yaml.safe_dump(config), "utf-8")
    (home / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "own", "rules": list(rules)}]}), "utf-8")
    port = free_port()
    options = [
        f"--config.file={home / 'prometheus.yaml'}",
        f"--storage.tsdb.path={home / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--rules.alert.resend-delay=2s",
    ]
    with (home / "log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(PROMETHEUS or "prometheus", *options, stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def asked(address: str, expression: str) -> list[Any]:
    """What the Prometheus answers to a query."""
    query = {"query": expression}
    async with aiohttp.ClientSession() as session, session.get(f"{address}/api/v1/query", params=query) as answer:
        return list((await answer.json())["data"]["result"])


@asynccontextmanager
async def alive(port: int) -> AsyncIterator[None]:
    """Something to scrape at the dead port."""
    server = await asyncio.start_server(_well, "127.0.0.1", port)
    async with server:
        yield


async def _well(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    await writer.drain()
    writer.close()


def about(said: Sequence[Said], name: str, status: str = "firing") -> list[Mapping[str, Any]]:
    """The alerts of this name and status in these messages."""
    alerts = [alert for one in said for alert in one.alerts if alert["status"] == status]
    return [alert for alert in alerts if alert["labels"].get("alertname") == name]


@story
async def test_a_real_prometheus_is_heard_like_a_rule_of_ours(folder: Path) -> None:
    if PROMETHEUS is None or AMTOOL is None:
        pytest.skip("prometheus is not installed: apt-get install prometheus prometheus-alertmanager, or run .ci/run")
    async with cloud() as world:
        chat = {"name": "chat", "feishu": world.feishu()}
        hook = {"name": "hook", "webhook": world.hook()}
        pages = {"match": 'severity="page", team=~"数.*"', "receiver": "chat", "continue": True}
        inhibit = [{"source": 'alertname="Dead"', "target": 'alertname="Small"', "equal": ["job"]}]
        written = policy(
            world, receivers=[hook, chat], route={"routes": [pages, {"receiver": "hook"}]}, inhibit=inhibit
        )
        dead, settings = free_port(), {"WEB__PORT": str(free_port())}
        async with service(folder, world, written, settings=settings) as run:
            world.breaks("orders", common=1)
            async with prometheus(folder, run, DEAD, SMALL, SCRAPED, dead=dead) as address:
                await _is_said(world)
                await want(
                    "two bear one name", lambda: len(about(world.said("hook"), "tasks-abnormal")) >= 2, within=PATIENCE
                )
                await _is_kept_quiet(run)

                run.kill()
                await run.start()
                write(folder, {**written, "rules": []})
                await want("the rule is gone", lambda: run.log("policy reloaded"))
                await want("our alert ends", lambda: about(world.said("hook"), "tasks-abnormal", "resolved"))
                [ours_over] = about(world.said("hook"), "tasks-abnormal", "resolved")
                assert "account" in ours_over["labels"]
                assert "job" not in ours_over["labels"], "that of the Prometheus goes on"
                await want("it scrapes us", lambda: _scraped(address), within=PATIENCE)
                assert _over(world) == []
                await _is_clean((await run.page("/metrics"))[1])
                async with alive(dead):
                    await want("it is over", lambda: _over(world), within=PATIENCE)


def _over(world: World) -> list[Mapping[str, Any]]:
    """That the dead port lives. Prometheus may have missed us as well while we were down."""
    return [one for one in about(world.said("hook"), "Dead", "resolved") if one["labels"]["job"] == "dead"]


async def _is_clean(text: str) -> None:
    """Prometheus's own linter has nothing to say of what it scrapes here."""
    linter = await asyncio.create_subprocess_exec(
        *("promtool", "check", "metrics"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await linter.communicate(text.encode())
    assert (linter.returncode, said) == (0, b"")


async def _scraped(address: str) -> bool:
    found = await asked(address, 'fdi_up{account="prod"} == 1 and on() up{job="fdi-monitor"} == 1')
    return [one["metric"]["instance"] for one in found] == ["orders"]


async def _is_said(world: World) -> None:
    await want("it is said", lambda: about(world.said("hook"), "Dead"), within=PATIENCE)
    dead = about(world.said("hook"), "Dead")[0]
    assert (dead["labels"]["team"], dead["labels"]["severity"]) == ("数据", "page")
    assert "/graph?g0.expr=up" in dead["generatorURL"]
    assert dead["annotations"]["description"] == "nobody scrapes it"
    await want("chat is told too", lambda: any("不响应" in text for text in world.chat()))
    cards = json.dumps([one.body for one in world.sim.messages(robot=FEISHU)], ensure_ascii=False)
    assert "nobody scrapes it" in cards
    assert "/graph?g0.expr=up" in cards


async def _is_kept_quiet(run: Service) -> None:
    """Inhibited, acknowledged, silenced, explained: as one of ours."""
    query = ("alert", "query", "-o", "json")
    [dead] = json.loads(await amtool(run, *query, "alertname=Dead"))
    [small] = json.loads(await amtool(run, *query, "--inhibited", "alertname=Small"))
    assert small["status"]["inhibitedBy"] == [dead["fingerprint"]]
    acknowledged = await ours(run, "ack", 'alertname="Dead"', "--comment", "看着呢")
    assert acknowledged.code == 0, acknowledged.err
    explained = (await ours(run, "explain", "Dead")).out
    assert "posted by another system" in explained
    assert "acknowledged by" in explained
    silenced = (await amtool(run, "silence", "add", "alertname=Dead", "-c", "迁移", "-d", "1h")).strip()
    [hidden] = json.loads(await amtool(run, *query, "--silenced", "alertname=Dead"))
    assert hidden["status"]["silencedBy"] == [silenced]
    await amtool(run, "silence", "expire", silenced)


@story
async def test_amtool_posts_and_reads_alerts_and_the_routes_that_they_take(folder: Path) -> None:
    if AMTOOL is None:
        pytest.skip("amtool is not installed: apt-get install prometheus-alertmanager, or run .ci/run")
    async with cloud() as world:
        receivers = [{"name": name, "webhook": world.hook(name)} for name in ("hook", "night")]
        routes = [{"match": 'alertname=~"Backup.*"', "receiver": "night", "group_by": ["job"]}]
        async with service(folder, world, policy(world, receivers=receivers, route={"routes": routes})) as run:
            end = iso(now() + timedelta(seconds=8))
            words = ("--annotation=summary=备份失败", "--generator-url=http://backup/1", f"--end={end}")
            await amtool(run, "alert", "add", "BackupFailed", "job=nightly", *words)
            await amtool(run, "alert", "add", "alertname=Plain", "severity=critical")
            await want("the one is said", lambda: about(world.said("night"), "BackupFailed"))
            await want("the other too", lambda: about(world.said("hook"), "Plain"))
            assert about(world.said("night"), "BackupFailed")[0]["generatorURL"] == "http://backup/1"
            [shown] = json.loads(await amtool(run, "alert", "query", "-o", "json", "BackupFailed"))
            assert shown["annotations"] == {"summary": "备份失败"}
            assert shown["receivers"] == [{"name": "night"}]
            assert "BackupFailed" in await amtool(run, "alert", "query", "--receiver=night")

            assert (await amtool(run, "config", "routes", "test", "alertname=BackupFailed")).strip() == "night"
            status, text = await run.page("/api/v2/status")
            (folder / "am.yaml").write_text(json.loads(text)["config"]["original"], encoding="utf-8")
            assert status == 200
            assert "SUCCESS" in await amtool(run, "check-config", "am.yaml")
            groups = json.loads((await run.page("/api/v2/alerts/groups?receiver=night"))[1])
            assert [(one["labels"], one["receiver"]["name"]) for one in groups] == [({"job": "nightly"}, "night")]

            await want("its end is said", lambda: about(world.said("night"), "BackupFailed", "resolved"))
            assert [one["labels"]["alertname"] for one in json.loads(await amtool(run, "alert", "query", "-o", "json"))]
