"""Kills a service at every durable step of every scene: `python crash_kills.py FOLDER` prints what was seen, as JSON.

It is a process of its own, so that it can fork lives that end by SIGKILL. Which steps there are is not written down
anywhere: each scene is played once undisturbed, and every transaction and every request that it makes is a point.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import shutil
import sys
import traceback
from collections.abc import Coroutine
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import structlog
from crash_scenes import BREAKS, FILES, SCENES, Scene
from crash_town import JOURNAL, Point, lines, live, remains

AT_ONCE = 2
HOUSEKEEPING = (
    "monitor.engine.Engine.meet",
    "monitor.hushing.recall",
    "monitor.retention.Retention.prune",
    "monitor.stretches.Stretches.flush",
)

Seen = dict[str, Any]


def main() -> None:
    """The command line."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    folder = Path(sys.argv[1])
    for begins in sorted({scene.begins for scene in SCENES.values()}):
        _prepare(folder / f"from-{begins}", begins)
    gc.freeze()
    with ProcessPoolExecutor(AT_ONCE, mp_context=get_context("fork")) as pool:
        quiet = list(pool.map(_cell, [(folder, name, None) for name in SCENES]))
        cells = [(folder, seen["scene"], point) for seen in quiet for point in _points(seen["lines"])]
        sys.stdout.write(json.dumps([*quiet, *pool.map(_cell, cells)], ensure_ascii=False))


def _points(seen: list[Seen]) -> list[Point]:
    """Where to kill: at the first and at the last time of each point. Of what only keeps house, the last tells all."""
    times: dict[tuple[str, str], int] = {}
    for line in seen:
        if line["kind"] == "point":
            step, when, number = line["point"]
            times[step, when] = number
    return [
        (step, when, number)
        for (step, when), last in times.items()
        for number in sorted({last} if step in HOUSEKEEPING else {1, last})
    ]


def _prepare(folder: Path, begins: int) -> None:
    """The folder of a service that has lived until then."""
    (folder / "rules").mkdir(parents=True)
    for name, text in FILES.items():
        (folder / "rules" / f"{name}.yaml").write_text(text, encoding="utf-8")
    # in this process, so that every life that it forks has loaded what there is to load
    asyncio.run(live(folder, Scene("before", 0, begins - 1, BREAKS), fatal=None))
    if begins:
        told = [line for line in lines(folder) if line["kind"] == "said"]
        assert len(told) == len({line["id"] for line in told}) == 2, told
    (folder / JOURNAL).unlink(missing_ok=True)


def _cell(asked: tuple[Path, str, Point | None]) -> Seen:
    """One scene: with a life that is killed at the point and another process that goes on after it, or undisturbed."""
    folder, name, point = asked
    scene = SCENES[name]
    mine = folder / "-".join((name, *map(str, point or ("quiet",)))).replace(" ", "-")
    shutil.copytree(folder / f"from-{scene.begins}", mine)
    ended = 0 if point is None else _killed(live(mine, scene, fatal=point))
    asyncio.run(live(mine, scene, fatal=None))
    seen = {"scene": name, "point": point, "ended": ended, "lines": lines(mine), "left": remains(mine)}
    shutil.rmtree(mine)
    return seen


def _killed(life: Coroutine[None, None, None]) -> int:
    """The signal that ended a process that lives this."""
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(life)
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            sys.stderr.flush()
            os._exit(1)
    life.close()
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        raise RuntimeError("a life ended otherwise than by a signal")
    return os.WTERMSIG(status)


if __name__ == "__main__":
    main()
