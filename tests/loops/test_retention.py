"""What is old goes at once, and then once an hour; sooner where little is kept."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from monitor.errors import StoreFailed
from monitor.retention import Retention
from monitor.store.database import Store

START = datetime(2026, 1, 5, 10, tzinfo=UTC)


class Forgetful(Retention):
    """Notes when it was asked to forget, and what; the second time the store does not take it."""

    def __init__(self, keep: timedelta) -> None:
        self.loop = asyncio.get_running_loop()
        super().__init__(cast("Store", None), keep=keep, now=lambda: START + timedelta(seconds=self.loop.time()))
        self.passes: list[tuple[float, datetime]] = []

    async def prune(self, before: datetime) -> None:
        self.passes.append((self.loop.time(), before))
        if len(self.passes) == 2:
            raise StoreFailed("disk full")


@pytest.mark.looptime
@pytest.mark.parametrize(("keep", "every"), [(timedelta(days=30), 3600), (timedelta(hours=1), 360)])
async def test_passes(keep: timedelta, every: float) -> None:
    forgetful = Forgetful(keep)
    task = asyncio.create_task(forgetful.run())
    await asyncio.sleep(every * 2 + 1)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    moments = [0, every, 2 * every]
    assert forgetful.passes == [(at, START + timedelta(seconds=at) - keep) for at in moments]
