"""The documents speak of what exists: commands, targets of make, settings."""

from __future__ import annotations

import re
from pathlib import Path

from monitor.cli import COMMANDS
from monitor.environment import TWIN
from monitor.settings import PREFIX, variables

ROOT = Path(__file__).parents[1]


def documents() -> list[Path]:
    found = [ROOT / "README.md", ROOT / "docker-compose.yml", ROOT / "Dockerfile", ROOT / ".ci" / "run"]
    for folder, pattern in (("docs", "*.md"), ("rules", "*.y*ml"), ("benchmarks", "*.py")):
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
