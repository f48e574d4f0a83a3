"""The commands that read what the service stored: figures as people and programs read them."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from datetime import timedelta
from pathlib import Path
from xml.etree.ElementTree import parse

import pytest
import sqlalchemy as sa

from monitor import clock
from monitor.cli import main
from monitor.errors import StoreFailed, UsageError
from monitor.model import Counts, Instance, Run
from monitor.settings import variables
from monitor.store import history, instances
from monitor.store.database import FILE, Store, open_archive, open_store

STEP = timedelta(seconds=30)
POLICY = """
receivers: [{name: ops, console: {}}]
route: {receiver: ops}
rules:
  - {name: tasks-abnormal, when: abnormal > 0, severity: warning}
  - {name: slow, when: latency > 5s, severity: info}
tests:
  - name: one broken task is enough
    series: {abnormal: "0 1"}
    instance: {name: orders}
    expect: [{at: 30s, alerts: [{alertname: tasks-abnormal}]}]
  - name: "nobody minds & <nothing>"
    series: {abnormal: "1"}
    instance: {name: orders}
    expect: [{at: 0s, alerts: []}]
    messages: []
"""


@pytest.fixture(autouse=True)
def _as_from_a_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.chdir(tmp_path)
    for variable in variables():
        monkeypatch.delenv(variable, raising=False)
    for folder in ("rules", "data"):
        (tmp_path / folder).mkdir()
    (tmp_path / "rules" / "policy.yaml").write_text(POLICY, encoding="utf-8")


async def write(store: Store, *names: str) -> None:
    """For each instance: forty short troubles and a long one, the last poll some seconds ago."""
    async with store.write() as tx:
        fleet = [Instance("prod", f"id-{name}", name) for name in names]
        await instances.remember(tx, fleet, at=clock.now() - timedelta(days=2))
        for row in (await instances.ids(tx)).values():
            lengths = [(60, 0), *[(3, 1), (100, 0)] * 40, (60, 1), (20, 0)]
            at = clock.now() - STEP * sum(polls for polls, _ in lengths)
            runs = []
            for polls, abnormal in lengths:
                runs.append((row, Run(at, at + (polls - 1) * STEP, polls, Counts(5, abnormal), Counts())))
                at += polls * STEP
            await history.begin(tx, runs)


@pytest.fixture
async def _history(tmp_path: Path) -> None:
    async with open_store(tmp_path / "data") as store:
        await write(store, "orders", "订单同步")


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.usefixtures("_history")
def test_backtest_shows_a_table_and_suggests(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = called(capsys, "backtest")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert "8,520 polls of 2 instances" in lines[0]
    row = next(line for line in lines if line.startswith("tasks-abnormal"))
    assert row.split() == ["tasks-abnormal", "82", "2", "1m30s", "30m", "3h", "98%", "0%", "ops", "82"]
    assert "note: slow reads latency, which history does not hold: it was taken as 0" in lines
    assert lines[-1] == "  tasks-abnormal: for: 2m would have removed 80 of 82 firings and delayed the other 2 by 2m"


@pytest.mark.usefixtures("_history")
def test_backtest_of_one_rule_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = called(capsys, "backtest", "--rule", "tasks-abnormal", "--json", "--since", "12h")
    done = json.loads(out)
    assert (code, [one["rule"] for one in done["rules"]], done["instances"]) == (0, ["tasks-abnormal"], 2)
    assert done["polls"] < 2 * 24 * 60 + 2
    assert done["judged"] < done["polls"] / 10
    assert done["suggestions"][0]["delayed_seconds"] == 120.0
    assert done["not_replayed"] == []


@pytest.mark.usefixtures("_history")
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["backtest", "--rule", "tsks"], "there is no rule tsks: the policy has tasks-abnormal, slow"),
        (["backtest", "--since", "7"], "write 7s or 7m"),
        (["backtest", "--since", "0s"], "that is no time at all"),
        (["backtest", "--since", "1s"], "nothing was polled in the last 1s: go further back with --since"),
        (["record", "invoices"], "no instance invoices was polled in that time; polled were: orders, 订单同步"),
        (["record", "orders", "--since", "1h", "--until", "2h"], "--until 2h lies before --since 1h: swap them"),
        (
            ["record", "orders", "--output", "no-such-folder/a.yaml"],
            "no-such-folder/a.yaml cannot be written: No such file or directory",
        ),
        (["test", "--run", "everything"], "no test is called like 'everything'"),
        (
            ["test", "--junit", "no-such-folder/a.xml"],
            "no-such-folder/a.xml cannot be written: No such file or directory",
        ),
    ],
)
def test_wrong_use_says_what_to_do(capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str) -> None:
    code, _, err = called(capsys, *arguments)
    assert code == 2
    assert complaint in err


@pytest.mark.usefixtures("_history")
def test_a_recording_passes_beside_the_rules(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = called(capsys, "record", "id-订单同步", "--since", "3h")
    assert code == 0
    Path("rules/recorded.test.yaml").write_text(out, encoding="utf-8")
    assert called(capsys, "test", "--run", "订单*recorded")[1].splitlines()[-1] == "1 passed, 0 failed"


@pytest.mark.usefixtures("_history")
def test_a_name_in_two_accounts_has_to_be_chosen(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    async def second() -> None:
        async with open_store(tmp_path / "data") as store, store.write() as tx:
            await instances.remember(tx, [Instance("test", "id-2", "orders")], at=clock.now())
            rows = await instances.ids(tx)
            now = clock.now()
            runs = [(row, Run(now, now, 1, Counts(), Counts())) for key, row in rows.items() if key.account == "test"]
            await history.begin(tx, runs)

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(second())
    code, _, err = called(capsys, "record", "orders")
    assert (code, "choose one with --account (prod, test), or by its id" in err) == (2, True)
    assert called(capsys, "record", "orders", "--account", "test")[0] == 0


def test_results_are_written_for_ci(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = called(capsys, "test", "--junit", "results.xml")
    assert (code, out.splitlines()[-1]) == (1, "1 passed, 1 failed")
    root = parse("results.xml").getroot()
    assert root is not None
    assert root.attrib == {"tests": "2", "failures": "1"}
    cases = {case.get("name"): case for case in root.iter("testcase")}
    failure = cases["nobody minds & <nothing>"].find("failure")
    assert failure is not None
    assert "these firing alerts differ" in (failure.get("message") or "")
    assert "alertname=tasks-abnormal" in (failure.text or "")
    assert cases["one broken task is enough"].find("failure") is None
    assert called(capsys, "test", "--run", "ONE broken")[0] == 0


async def test_an_archive_is_read_while_a_service_writes_and_creates_nothing(tmp_path: Path) -> None:
    async with open_store(tmp_path / "data") as store:
        await write(store, "orders")
        async with open_archive(tmp_path / "data") as archive, archive.read() as tx:
            assert len(await history.latest(tx)) == 1


async def test_an_archive_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no history in the data folder"):
        async with open_archive(tmp_path / "none"):
            pass
    assert not (tmp_path / "none").exists()


async def test_an_archive_is_read_only_and_of_this_version(tmp_path: Path) -> None:
    async with open_store(tmp_path / "data"):
        pass
    async with open_archive(tmp_path / "data") as archive:
        with pytest.raises(StoreFailed, match="readonly"):
            async with archive.read() as tx:
                await tx.execute(sa.text("DELETE FROM run"))
    database = sqlite3.connect(tmp_path / "data" / FILE)
    with database:
        database.execute("UPDATE alembic_version SET version_num = 'other'")
    database.close()
    with pytest.raises(UsageError, match="written by another version"):
        async with open_archive(tmp_path / "data"):
            pass


@pytest.mark.usefixtures("_history")
def test_a_plan_without_changes_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = called(capsys, "plan")
    assert (code, err) == (0, "")
    assert out.splitlines()[:3] == [
        "nothing fires, and nothing would",
        "",
        "messages over the last seven days, before as it was sent",
    ]
    assert "  ops: 0 -> " in out
