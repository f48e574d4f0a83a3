"""A copy of the SQLite database, taken while somebody writes to it."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitor.cli.store import store as command
from monitor.errors import UsageError
from monitor.model import Instance
from monitor.store import instances
from monitor.store.database import FILE, open_store
from monitor.store.sqlite import back_up

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


async def test_a_copy_is_what_was_committed_and_another_service_goes_on_with_it(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    async with open_store(tmp_path / "data") as store:
        async with store.write() as tx:
            await instances.remember(tx, [Instance("prod", "i-1", "订单")], at=START)
        async with store.write() as tx:
            await instances.remember(tx, [Instance("prod", "i-2", "not yet")], at=START)
            size = back_up(tmp_path / "data", copy)
    assert size == copy.stat().st_size > 0
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    (tmp_path / "restored").mkdir()
    copy.rename(tmp_path / "restored" / FILE)
    async with open_store(tmp_path / "restored") as store, store.read() as tx:
        assert [one.name for one in await instances.known(tx)] == ["订单"]


def test_without_a_database_it_says_which_one_is_missing_and_makes_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nothing to back up: .*fdi-monitor\.sqlite3 does not exist"):
        back_up(tmp_path, tmp_path / "copy")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_kept_and_a_copy_that_fails_leaves_none(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("this is no database" * 100)
    (tmp_path / "old").write_text("the copy of yesterday")
    with pytest.raises(UsageError, match="old is there already: name a file that is not"):
        back_up(tmp_path, tmp_path / "old")
    with pytest.raises(UsageError, match=r"cannot be copied to .*new: file is not a database"):
        back_up(tmp_path, tmp_path / "new")
    with pytest.raises(UsageError, match="new cannot be written: No such file or directory"):
        back_up(tmp_path, tmp_path / "nowhere" / "new")
    assert sorted(file.name for file in tmp_path.iterdir()) == [FILE, "old"]
    assert (tmp_path / "old").read_text() == "the copy of yesterday"


def test_the_command_leaves_postgresql_to_its_own_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FDI_MONITOR_DATABASE_URL", "postgresql://fdi:geheim-canary@db/fdi")
    result = CliRunner().invoke(command, ["backup", "copy"])
    assert str(result.exception) == "the service keeps everything in db/fdi: back that up with pg_dump"
