"""Changes of policy files are seen, by whatever way they come about."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from monitor import lookout
from monitor.lookout import Lookout, look
from monitor.policy.loader import load

WHOLE = """
accounts: [{name: prod, region: cn-north-4, auth: {token: t}}]
receivers: [{name: ops, console: {}}]
route: {receiver: ops}
"""
STEP = 0.02


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "policy.yaml").write_text(WHOLE)
    return tmp_path / "rules"


class Seen:
    def __init__(self) -> None:
        self.count = 0

    def change(self) -> None:
        self.count += 1

    async def reaches(self, count: int) -> None:
        async with asyncio.timeout(10):
            while self.count < count:
                await asyncio.sleep(STEP)


@asynccontextmanager
async def watched(rules: Path, monkeypatch: pytest.MonkeyPatch, *, every: float = 30) -> AsyncIterator[Seen]:
    monkeypatch.setattr(lookout, "CALM", 0.05)
    seen = Seen()
    running = asyncio.create_task(Lookout(rules, load(rules, {}), seen.change, every=every).run())
    await asyncio.sleep(0.15)
    try:
        yield seen
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def rewritten(rules: Path) -> None:
    (rules / "policy.yaml").write_text(WHOLE + "# more\n")


def renamed_over(rules: Path) -> None:
    (rules / ".new").write_text(WHOLE)
    (rules / ".new").rename(rules / "policy.yaml")


def added(rules: Path) -> None:
    (rules / "more.yml").write_text("# nothing")


def removed(rules: Path) -> None:
    (rules / "policy.yaml").unlink()


def moved_away(rules: Path) -> None:
    rules.rename(rules.with_name("old"))


def made_anew(rules: Path) -> None:
    rules.mkdir()
    rewritten(rules)


@pytest.mark.parametrize("change", [rewritten, renamed_over, added, removed])
async def test_a_change_is_seen_once(
    rules: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    async with watched(rules, monkeypatch) as seen:
        change(rules)
        await seen.reaches(1)
        await asyncio.sleep(0.2)
        assert seen.count == 1


async def test_what_is_no_policy_file_is_not_seen(rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with watched(rules, monkeypatch) as seen:
        (rules / "notes.txt").write_text("x")
        (rules / ".policy.yaml.swp").write_text("x")
        await asyncio.sleep(0.2)
        assert seen.count == 0


async def test_the_swap_of_a_link_behind_the_files_is_seen(rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in ("..1", "..2"):
        (rules / version).mkdir()
        (rules / version / "map.yaml").write_text("# nothing")
    (rules / "..data").symlink_to("..1")
    (rules / "map.yaml").symlink_to("..data/map.yaml")
    async with watched(rules, monkeypatch) as seen:
        (rules / "..data_tmp").symlink_to("..2")
        (rules / "..data_tmp").rename(rules / "..data")
        await seen.reaches(1)


async def test_what_changed_while_the_service_started_is_seen(rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Seen()
    late = Lookout(rules, load(rules, {}), seen.change)
    rewritten(rules)
    running = asyncio.create_task(late.run())
    await seen.reaches(1)
    running.cancel()
    await asyncio.wait([running])


async def test_a_folder_that_is_replaced_is_watched_on(rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with watched(rules, monkeypatch, every=0.1) as seen:
        moved_away(rules)
        await seen.reaches(1)
        made_anew(rules)
        await seen.reaches(2)
        await asyncio.sleep(0.2)
        added(rules)
        await seen.reaches(3)


async def test_where_the_system_tells_of_nothing_files_are_looked_at_by_time_and_that_is_said_once(
    rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def blind(*_: Any, **__: Any) -> None:
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr(lookout, "awatch", blind)
    with capture_logs() as lines:
        async with watched(rules, monkeypatch, every=0.05) as seen:
            rewritten(rules)
            await seen.reaches(1)
    assert [line["log_level"] for line in lines] == ["warning"]


async def test_where_no_event_comes_files_are_looked_at_by_time(rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def deaf(*_: Any, rust_timeout: int, **__: Any) -> AsyncIterator[set[Any]]:
        while True:
            await asyncio.sleep(rust_timeout / 1000)
            yield set()

    monkeypatch.setattr(lookout, "awatch", deaf)
    async with watched(rules, monkeypatch, every=0.05) as seen:
        rewritten(rules)
        await seen.reaches(1)


def test_a_file_that_leads_nowhere_is_looked_at_too(rules: Path) -> None:
    (rules / "gone.yaml").symlink_to("nowhere")
    found = {name: rest for name, *rest in look(rules)}
    assert found["gone.yaml"] == [2, 0, 0, 0]
    assert found["policy.yaml"][2] == len(WHOLE)
    (rules / "policy.yaml").unlink()
    (rules / "gone.yaml").unlink()
    assert look(rules) == ()
