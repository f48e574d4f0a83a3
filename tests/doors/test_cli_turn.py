"""When `notify` may send beside a service that speaks in the same chat."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.cli.turn import turn
from monitor.settings import Settings
from monitor.store import budgets
from monitor.store.database import open_store

NOW = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
OPS = ("ops", 0)


def sent(*ago: float) -> list[datetime]:
    return [NOW - timedelta(seconds=seconds) for seconds in ago]


def found_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_a_trial_waits_where_the_running_service_has_used_the_limit_and_leaves_criticals_their_share(
    tmp_path: Path,
) -> None:
    settings = Settings(data=tmp_path)
    async with open_store(tmp_path) as store:
        async with store.write() as tx:
            await budgets.spend(tx, OPS, sent(*range(50, 35, -1)))
        assert await turn(settings, "dingtalk", OPS, NOW) == NOW, "fifteen of twenty: one more is not the reserve's"
        async with store.write() as tx:
            await budgets.spend(tx, OPS, sent(*range(50, 34, -1)))
        assert await turn(settings, "dingtalk", OPS, NOW) == NOW + timedelta(seconds=10), "until the oldest is past"
        assert await turn(settings, "dingtalk", ("others", 0), NOW) == NOW
        assert await turn(settings, "webhook", OPS, NOW) == NOW, "which has no limit"


async def test_where_no_service_has_worked_nothing_waits_and_nothing_is_made(tmp_path: Path) -> None:
    assert await turn(Settings(data=tmp_path / "nowhere"), "dingtalk", OPS, NOW) == NOW
    assert found_in(tmp_path) == []
