"""The README is true: its policies load, its rule is the shipped one, its commands parse, what it names is there."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from monitor.cli import COMMANDS
from monitor.policy.draft import KEYS
from monitor.policy.loader import examine
from monitor.rules.suite import Suite
from monitor.settings import PREFIX, variables
from monitor.web.server import ROOMS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHIPPED = {
    key: value
    for file in sorted((ROOT / "rules").glob("*.yaml"))
    for key, value in yaml.safe_load(file.read_text(encoding="utf-8")).items()
    if key != "tests"
}
ENVIRONMENT = {
    "HUAWEICLOUD_SDK_AK": "AKEXAMPLE",
    "HUAWEICLOUD_SDK_SK": "SKEXAMPLE",
    "FEISHU_WEBHOOK": "https://open.feishu.cn/open-apis/bot/v2/hook/example",
}
LARGEST_PICTURE = 250_000


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)


def pieces() -> list[str]:
    """The YAML blocks that are a part of a policy."""
    return [block for block in blocks("yaml") if set(yaml.safe_load(block)) <= set(KEYS)]


def table(heading: str) -> list[list[str]]:
    """The cells of the rows below this line of headings and its ruler."""
    _, found, rest = README.partition(f"\n| {heading} |")
    assert found, heading
    rows = rest.split("\n\n", maxsplit=1)[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def folder(piece: str, place: Path) -> Path:
    """The piece as a policy: what it does not say is taken from the shipped files."""
    (place / "secret").write_text("example")
    (place / "readme.yaml").write_text(re.sub(r"\$\{file:[^}]*\}", f"${{file:{place}/secret}}", piece), "utf-8")
    rest = {key: value for key, value in SHIPPED.items() if key not in yaml.safe_load(piece)}
    (place / "rest.yaml").write_text(yaml.safe_dump(rest, allow_unicode=True), "utf-8")
    return place


def test_the_readme_shows_policies_and_one_other_file() -> None:
    others = [yaml.safe_load(block) for block in blocks("yaml") if block not in pieces()]
    assert len(pieces()) >= 3
    assert [list(other) for other in others] == [["scrape_configs"]]
    [job] = others[0]["scrape_configs"]
    assert job["honor_labels"] is True


@pytest.mark.parametrize("piece", pieces(), ids=lambda piece: next(iter(yaml.safe_load(piece))))
def test_a_policy_of_the_readme_is_sound_and_its_tests_pass(piece: str, tmp_path: Path) -> None:
    examined = examine(folder(piece, tmp_path), ENVIRONMENT)
    assert (examined.faults, examined.warnings) == ((), ())
    assert examined.policy is not None
    suite = Suite(examined.policy.rules, examined.policy.route, {})
    assert [suite.play(case).failures for case in examined.policy.cases] == [() for _ in examined.policy.cases]


@pytest.mark.parametrize("key", ["rules", "tests"])
def test_what_it_explains_is_what_is_shipped(key: str) -> None:
    [shown] = [item for piece in pieces() for item in yaml.safe_load(piece).get(key, [])]
    file = ROOT / "rules" / ("fdi.test.yaml" if key == "tests" else "fdi.yaml")
    shipped: list[Any] = yaml.safe_load(file.read_text(encoding="utf-8"))[key]
    assert shown in shipped


def test_it_counts_the_shipped_rules_right() -> None:
    words = ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    assert f"one of the {words[len(SHIPPED['rules'])]} in [`rules/fdi.yaml`]" in README


def command_lines() -> list[str]:
    shell = [line for block in blocks("sh") for line in block.splitlines()]
    return [line for line in (*shell, *re.findall(r"`([^`\n]+)`", README)) if re.match(r"fdi-monitor [a-z]", line)]


@pytest.mark.parametrize("line", sorted(set(command_lines())))
def test_a_command_line_is_one_that_can_be_given(line: str) -> None:
    _, name, *arguments = shlex.split(line, comments=True)
    context = COMMANDS[name].load().make_context(name, arguments)
    assert context.info_name == name


def test_the_container_is_given_a_command_that_there_is() -> None:
    given = re.findall(r"docker compose run --rm monitor (.*)", README)
    assert given != []
    for line in given:
        name, *arguments = shlex.split(line)
        assert COMMANDS[name].load().make_context(name, arguments).info_name == name


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
    [tree] = blocks("text")
    root, *lines = tree.splitlines()
    assert root == "monitor/"
    shown = [word for line in lines for word in re.match(r"  ((?:[\w/.]+ )*)", line)[1].split()]  # type: ignore[index]
    assert [word for word in shown if not (ROOT / "monitor" / word).exists()] == []
    there = {
        f"{file.name}/" if file.is_dir() else file.name
        for file in (ROOT / "monitor").iterdir()
        if file.name != "__init__.py" and (file.suffix == ".py" or any(file.glob("*.py")))
    }
    assert sorted(shown) == sorted(there)
