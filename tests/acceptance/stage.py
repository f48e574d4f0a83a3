"""Plays stories side by side: each stays a test of its own, and what they wait for they wait for together.

@story
async def test_a_task_breaks_and_chat_says_so_once(folder: Path) -> None:
    async with cloud() as sim, service(folder, sim, policy) as run:
        ...
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

AT_ONCE = 6
"""Stories under way at once: they mostly wait, and starting a service is what costs."""

Story = Callable[[Path], Awaitable[None]]
Test = Callable[[pytest.FixtureRequest, pytest.TempPathFactory], Awaitable[None]]

_tasks: dict[str, asyncio.Task[float]] = {}


def story(tell: Story) -> Test:
    """Makes a test of a story, which is given an empty folder. The first to be asked for starts all that were chosen,
    in their order."""

    async def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> None:
        if request.node.nodeid not in _tasks:
            # A worker of xdist does not know which tests will be its own.
            alone = hasattr(request.config, "workerinput")
            _begin([request.node] if alone else request.session.items, tmp_path_factory)
        seconds = await _tasks[request.node.nodeid]
        request.node.add_report_section("call", "story", f"told in {seconds:.1f} s")

    signature = inspect.signature(told)
    functools.update_wrapper(told, tell)
    told.__signature__ = signature  # type: ignore[attr-defined]
    told.story = tell  # type: ignore[attr-defined]
    return pytest.mark.asyncio(loop_scope="session")(told)


def solo(tell: Story) -> Story:
    """A story that needs the machine for itself, for it counts milliseconds: it is told before all others."""
    tell.solo = True  # type: ignore[attr-defined]
    return tell


def _begin(items: Sequence[pytest.Item], folders: pytest.TempPathFactory) -> None:
    stories: dict[str, Story] = {
        item.nodeid: item.obj.story
        for item in items
        if isinstance(item, pytest.Function) and hasattr(item.obj, "story")
    }
    solos = [name for name, tell in stories.items() if hasattr(tell, "solo")]
    before: list[asyncio.Task[float]] = []
    for name in solos:
        _tasks[name] = _started(stories.pop(name), folders, asyncio.Semaphore(), tuple(before))
        before.append(_tasks[name])
    places = asyncio.Semaphore(AT_ONCE)
    for name, tell in stories.items():
        _tasks[name] = _started(tell, folders, places, tuple(before))


def _started(
    tell: Story, folders: pytest.TempPathFactory, places: asyncio.Semaphore, before: Sequence[asyncio.Task[float]]
) -> asyncio.Task[float]:
    return asyncio.create_task(_play(tell, folders.mktemp("story"), places, before))


async def _play(tell: Story, folder: Path, places: asyncio.Semaphore, before: Sequence[asyncio.Task[float]]) -> float:
    """The seconds that it took."""
    if before:
        await asyncio.wait(before)
    async with places:
        start = time.monotonic()
        await tell(folder)
        return time.monotonic() - start
