"""The README is true: its rule is the shipped one, its tables and its tree are whole, what it names is there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import fences
import pytest
import yaml
from click.testing import CliRunner
from fences import ROOT

from monitor.cli import COMMANDS
from monitor.settings import PREFIX, variables
from monitor.web.server import ROOMS

README = fences.text("README.md")
LARGEST_PICTURE = 250_000


def table(heading: str) -> list[list[str]]:
    """The cells of the rows below this line of headings and its ruler."""
    _, found, rest = README.partition(f"\n| {heading} |")
    assert found, heading
    rows = rest.split("\n\n", maxsplit=1)[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


@pytest.mark.parametrize("key", ["rules", "tests"])
def test_what_it_explains_is_what_is_shipped(key: str) -> None:
    pieces = [yaml.safe_load(block.text) for block in fences.blocks("yaml", page="README.md")]
    [shown] = [item for piece in pieces for item in piece.get(key, [])]
    file = ROOT / "rules" / ("fdi.test.yaml" if key == "tests" else "fdi.yaml")
    shipped: list[Any] = yaml.safe_load(file.read_text(encoding="utf-8"))[key]
    assert shown in shipped


def test_it_counts_the_shipped_rules_right() -> None:
    shipped = yaml.safe_load((ROOT / "rules" / "fdi.yaml").read_text(encoding="utf-8"))["rules"]
    words = ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    assert f"one of the {words[len(shipped)]} in [`rules/fdi.yaml`]" in README


def test_all_commands_settings_and_addresses_stand_in_their_tables_and_no_others() -> None:
    assert {row[0].strip("`") for row in table("`fdi-monitor ...`")} == set(COMMANDS)
    assert {row[0].strip("`") for row in table("setting")} == set(variables())
    served = {route.path for room in ROOMS for route in room.routes if hasattr(route, "path")}
    addresses = {row[0].strip("`") for row in table("address")}
    assert addresses <= served
    assert served - addresses == set()


def test_the_defaults_it_tells_are_the_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in variables():
        monkeypatch.delenv(variable, raising=False)
    shown = CliRunner().invoke(COMMANDS["config"].load(), ["--json"])
    effective = {name: str(found["value"]) for name, found in json.loads(shown.stdout)["settings"].items()}
    told = {name.strip("`"): default.strip("`") for name, default, _ in table("setting")}
    for folder_setting in (f"{PREFIX}RULES", f"{PREFIX}DATA"):
        told[folder_setting] = str(tmp_path / told[folder_setting])
    assert told == effective


def test_what_it_links_to_is_there_and_its_pictures_are_small() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", README) + re.findall(r'src="([^"]+)"', README)
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (ROOT / target).exists()] == []
    pictures = [ROOT / target for target in local if target.endswith(".png")]
    assert {picture.stem for picture in pictures} == {"dashboard", "chat"}
    for picture in pictures:
        content = picture.read_bytes()
        assert content.startswith(b"\x89PNG\r\n")
        assert len(content) < LARGEST_PICTURE


def test_the_tree_is_the_tree() -> None:
    [tree] = fences.blocks("text", page="README.md")
    root, *lines = tree.text.splitlines()
    assert root == "monitor/"
    shown = [word for line in lines for word in re.match(r"  ((?:[\w/.]+ )*)", line)[1].split()]  # type: ignore[index]
    assert [word for word in shown if not (ROOT / "monitor" / word).exists()] == []
    there = {
        f"{file.name}/" if file.is_dir() else file.name
        for file in (ROOT / "monitor").iterdir()
        if file.name != "__init__.py" and (file.suffix == ".py" or any(file.glob("*.py")))
    }
    assert sorted(shown) == sorted(there)
