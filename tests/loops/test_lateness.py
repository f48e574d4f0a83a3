"""An event loop that is held up says so."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from monitor.lateness import Lateness
from monitor.meters import Meters


async def test_a_loop_that_is_held_up_is_late_and_its_tasks_are_counted() -> None:
    meters = Meters()
    task = asyncio.create_task(Lateness(meters, every=0.02).run())
    await asyncio.sleep(0.01)
    time.sleep(0.15)  # noqa: ASYNC251 - this is what holds it up
    await asyncio.sleep(0.01)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    value = meters.registry.get_sample_value
    assert (value("fdi_monitor_loop_lag_seconds_sum") or 0) > 0.1
    assert value("fdi_monitor_loop_lag_seconds_bucket", {"le": "0.1"}) == 0
    assert value("fdi_monitor_loop_tasks") == 2
