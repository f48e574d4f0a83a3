"""The documents speak of what exists: commands, targets of make, settings, policies that are sound, links that lead on.

Each block in a fence is played: `sh` by acceptance/test_story_pages.py, policies here, the others as `PLAYED` says.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fences
import pytest
import yaml
from fences import ROOT, Block

from monitor.cli import COMMANDS
from monitor.environment import TWIN
from monitor.policy.draft import KEYS
from monitor.policy.loader import examine
from monitor.rules.suite import Suite
from monitor.settings import PREFIX, variables

PLAYED = {
    "sh": "acceptance/test_story_pages.py",
    "yaml": "test_documents.py",
    "json": "test_documents.py",
    "example": "test_rules_document.py",
    "text": "doors/test_template_guide.py, test_readme.py",
    "python": "packaging/test_example_plugin.py",
    "toml": "packaging/test_example_plugin.py",
    "nginx": "doors/web/test_web_proxies.py",
}
"""Who plays the blocks of each language."""

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


def documents() -> list[Path]:
    found = [*sorted(ROOT.glob("*.md")), ROOT / "docker-compose.yml", ROOT / "Dockerfile", ROOT / ".ci" / "run"]
    for folder, pattern in (("docs", "*.md"), ("rules", "*.y*ml"), ("benchmarks", "*.py"), ("deploy", "*.*")):
        found += sorted((ROOT / folder).rglob(pattern))
    return found


def mentions(pattern: str, files: list[Path]) -> list[tuple[str, str]]:
    """What the first group of `pattern` finds, with its place."""
    return [
        (f"{file.relative_to(ROOT)}:{number}", match[1])
        for file in files
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        for match in re.finditer(pattern, line)
    ]


def test_the_documents_name_only_commands_that_exist() -> None:
    """In code: at the start of a line, of a comment or of a quotation. In a sentence the name is just a name."""
    named = mentions(r"(?:^|`|\$ |[#>] )\s*(?:\.venv/bin/)?fdi-monitor ([a-z][a-z-]+)", documents())
    assert [(at, name) for at, name in named if name not in COMMANDS] == []


def test_the_documents_name_only_targets_of_make_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = mentions(r"(?:^|`|\$ )\s*make ([a-z][a-z-]+)", documents())
    assert [(at, name) for at, name in named if name not in targets] == []


def test_every_variable_that_is_named_anywhere_is_a_setting() -> None:
    known = {name for variable in variables() for name in (variable, variable + TWIN)}
    named = mentions(rf"({PREFIX}[A-Z][A-Z_]*)", documents() + sorted((ROOT / "monitor").rglob("*.py")))
    assert named != []
    assert [
        (at, name)
        for at, name in named
        if name not in known and not (name.endswith("__") and any(variable.startswith(name) for variable in known))
    ] == []


# --- what stands in fences


def policies() -> list[Block]:
    """The YAML blocks that are a part of a policy."""
    return [block for block in fences.blocks("yaml") if set(yaml.safe_load(block.text)) <= set(KEYS)]


def folder(block: Block, place: Path) -> Path:
    """The block as a policy: what it does not say is taken from the shipped files, and every receiver has a route."""
    (place / "secret").write_text("example")
    text = re.sub(r"\$\{file:[^}]*\}", f"${{file:{place}/secret}}", block.text)
    (place / "page.yaml").write_text(text, "utf-8")
    said = yaml.safe_load(text)
    rest: dict[str, Any] = {key: value for key, value in SHIPPED.items() if key not in said}
    if "receivers" in said and "route" not in said:
        names = [{"receiver": receiver["name"]} for receiver in said["receivers"]]
        rest["route"] = {**names[0], "routes": names}
    (place / "rest.yaml").write_text(yaml.safe_dump(rest, allow_unicode=True), "utf-8")
    return place


def languages() -> Iterator[str]:
    for page in fences.pages():
        yield from (found[1] for found in fences.FENCE.finditer(fences.text(page)))


def test_every_block_is_played_by_somebody() -> None:
    assert set(languages()) <= set(PLAYED)
    assert all((ROOT / "tests" / name).is_file() for names in PLAYED.values() for name in names.split(", "))


@pytest.mark.parametrize("block", policies(), ids=str)
def test_a_policy_that_is_shown_is_sound_and_its_tests_pass(block: Block, tmp_path: Path) -> None:
    examined = examine(folder(block, tmp_path), ENVIRONMENT)
    assert examined.faults == ()
    assert examined.policy is not None
    suite = Suite(examined.policy.rules, examined.policy.route, {})
    assert [suite.play(case).failures for case in examined.policy.cases] == [() for _ in examined.policy.cases]


def test_other_yaml_is_what_prometheus_takes(tmp_path: Path) -> None:
    shown = [block for block in fences.blocks("yaml") if block not in policies()]
    assert len(shown) >= 2
    for number, block in enumerate(shown):
        [job] = yaml.safe_load(block.text)["scrape_configs"]
        assert job["honor_labels"] is True
        (tmp_path / f"{number}.yaml").write_text(block.text)
    if promtool := shutil.which("promtool"):
        done = subprocess.run(
            [promtool, "check", "config", "--syntax-only", *sorted(tmp_path.iterdir())],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("block", list(fences.blocks("json")), ids=str)
def test_json_that_is_shown_is_json(block: Block) -> None:
    assert json.loads(block.text)


def _anchors(page: str) -> set[str]:
    """The anchors that GitHub makes of the headings."""
    titles = re.findall(r"^#+ (.*)$", fences.text(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", fences.pages())
def test_links_lead_to_files_and_headings_that_there_are(page: str) -> None:
    """What stands between fences is no link."""
    place = (ROOT / page).parent
    prose = fences.FENCE.sub("", fences.text(page))
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)]*))?\)", prose):
        if "://" in target:
            continue
        found = (place / target).resolve() if target else ROOT / page
        assert found.exists(), f"{page} leads to {target}"
        if anchor and found.suffix == ".md":
            assert anchor in _anchors(str(found.relative_to(ROOT))), f"{page} leads to {target}#{anchor}"
