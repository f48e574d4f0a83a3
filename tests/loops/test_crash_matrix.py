"""Killed at every durable step of every scene: nothing is lost, and docs/trust.md is what is seen here."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from crash_page import BEGIN, ELSEWHERE, END, STEPS, table, twice
from crash_scenes import DOWN, EVERY, SCENES
from crash_town import SEND

import monitor

HERE = Path(__file__).parent
ROOT = Path(monitor.__file__).parents[1]
PAGE = ROOT / "docs" / "trust.md"
WRITE = "FDI_WRITE_DOCS"

pytestmark = pytest.mark.timeout(150)
"""Hundreds of processes live and die for it."""

Seen = dict[str, Any]
Told = tuple[str, str, str, str, str]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> list[Seen]:
    return asyncio.run(_kills(tmp_path_factory.mktemp("kills")))


async def _kills(folder: Path) -> list[Seen]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(HERE / "crash_kills.py"),
        str(folder),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"},
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    found: list[Seen] = json.loads(out.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def undisturbed(seen: list[Seen]) -> dict[str, Seen]:
    return {one["scene"]: one for one in seen if one["point"] is None}


@pytest.fixture(scope="module")
def cells(seen: list[Seen]) -> list[Seen]:
    return [one for one in seen if one["point"] is not None]


def said(one: Seen) -> list[Seen]:
    """Every message when it came first."""
    firsts: dict[str, Seen] = {}
    for line in one["lines"]:
        if line["kind"] == "said":
            firsts.setdefault(line["id"], line)
    return list(firsts.values())


def words(line: Seen) -> Told:
    return line["reason"], str(line["alerts"]), line["title"], line["delta"], line["kind"]


def name(one: Seen) -> str:
    return f"{one['scene']}, killed {one['point']}"


def test_every_scene_says_what_it_should_when_nothing_disturbs_it(undisturbed: dict[str, Seen]) -> None:
    assert {scene: [(line["second"], line["reason"]) for line in said(one)] for scene, one in undisturbed.items()} == {
        "firing": [(35, "first")] * 2,
        "resolved": [(85, "all-resolved")] * 2,
        "repeat": [(95, "repeat")] * 2,
        "ack": [(135, "all-resolved")] * 2,
        "silence": [(70, "silence-ended")] * 2,
        "reload": [(85, "repeat")] * 2,
    }
    assert [scene for scene, one in undisturbed.items() if twice(one) or one["ended"]] == []


def test_every_process_was_killed_where_it_should(cells: list[Seen]) -> None:
    assert [name(one) for one in cells if one["ended"] != signal.SIGKILL] == []
    assert {one["scene"] for one in cells} == SCENES.keys()
    assert {one["point"][0] for one in cells} == STEPS.keys(), "there is a durable step that the page does not name"


def test_every_transaction_of_the_service_is_a_step_or_named_as_none() -> None:
    assert writers() == (STEPS.keys() - {SEND}) | ELSEWHERE.keys()


def writers() -> set[str]:
    """Every function that opens a transaction that writes."""
    found = set()
    for file in sorted((ROOT / "monitor").rglob("*.py")):
        module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for name, node in _functions(ast.parse(file.read_text(encoding="utf-8")), ()):
            calls = (each for each in ast.walk(node) if isinstance(each, ast.Call))
            if any(ast.unparse(call.func).endswith("store.write") for call in calls):
                found.add(f"{module}.{name}")
    return found


def _functions(node: ast.AST, outer: tuple[str, ...]) -> Iterator[tuple[str, ast.AST]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield from _functions(child, (*outer, child.name))
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield ".".join((*outer, child.name)), child


def test_nothing_is_lost_and_nothing_is_said_without_a_reason(cells: list[Seen], undisturbed: dict[str, Seen]) -> None:
    for one in cells:
        assert sorted(map(words, said(one))) == sorted(map(words, said(undisturbed[one["scene"]]))), name(one)


def test_a_message_comes_twice_only_if_it_was_in_flight_and_then_with_its_id_and_words(cells: list[Seen]) -> None:
    for one in cells:
        step, when, _ = one["point"]
        in_flight = (step == SEND and when == "after") or (step.startswith("monitor.courier") and when == "before")
        assert twice(one) == int(in_flight), name(one)
        for first in said(one):
            copies = [line for line in one["lines"] if line["kind"] == "said" and line["id"] == first["id"]]
            assert {words(line) for line in copies} == {words(first)}, name(one)


def test_timers_go_on(cells: list[Seen], undisturbed: dict[str, Seen]) -> None:
    """`for`, `keep_firing_for`, waits, repeats and silences end when they would have, at most as much later as the
    service was down, and never earlier. What moves with a sample waits for the next poll where a
    kill fell into one."""
    for one in cells:
        most = EVERY if one["point"][0] == "monitor.recorder.Recorder._write" else DOWN
        quiet = undisturbed[one["scene"]]
        told, meant = (sorted(line["second"] for line in said(each)) for each in (one, quiet))
        for found, wanted in ((told, meant), (one["left"]["moved"], quiet["left"]["moved"])):
            late = [mine - theirs for mine, theirs in zip(found, wanted, strict=True)]
            assert all(0 <= seconds <= most for seconds in late), f"{name(one)}: {late}"


def test_what_is_stored_is_what_would_be_stored(cells: list[Seen], undisturbed: dict[str, Seen]) -> None:
    """Alerts, transitions with their causes, decisions with their reasons, what keeps quiet; and all was delivered."""
    for one in cells:
        wanted = undisturbed[one["scene"]]["left"]
        for table_, rows in one["left"].items():
            assert table_ == "moved" or rows == wanted[table_], f"{name(one)}: {table_}"
        assert one["left"]["intact"], name(one)
        assert all(state == ["sent"] for state in one["left"]["outbox"]), name(one)
        assert all(step[-1] for step in one["left"]["transitions"]), name(one)


def test_the_page_shows_what_is_seen_here(cells: list[Seen]) -> None:
    before = PAGE.read_text(encoding="utf-8")
    head, rest = before.split(BEGIN)
    written = head + table(cells) + rest.split(END)[1]
    if os.environ.get(WRITE) == "1":
        PAGE.write_text(written, encoding="utf-8")
    told = PAGE.read_text(encoding="utf-8")
    assert told.splitlines() == written.splitlines(), f"look at the difference; {WRITE}=1 writes docs/trust.md anew"
