"""Schema and loader agree: an editor accepts all that loads, and beyond it only what no schema can know."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from monitor.errors import Fault
from monitor.policy.loader import examine
from monitor.policy.nodes import core
from monitor.policy.schema import schema
from monitor.policy.yamlmarks import compose

GOOD = (Path(__file__).parent / "corpus" / "good" / "everything.yaml").read_text(encoding="utf-8")
ENVIRONMENT = {"TOKEN": "canary-4711"}
VALIDATOR = Draft202012Validator(schema())
STRANGE: tuple[Any, ...] = (
    *("", " ", "x", "5m", "1h30m", "0s", "1.5", "${NAME:-x}", "${TOKEN}", "$$", "http://a", "https://a.b/c", "a b"),
    *(0, 1, -1, 5, 5000, 1.5, True, False, [], {}, ["x"], [[]], [{}], {"x": 1}, {"a-b": "x"}, "y" * 3000),
    *("severity", "critical", "abnormal", "abnormal > 0", "cdc.abnormal", 'env="prod"', "env=~(", "{{ x", "{{ x }}"),
    *("alertname", "20/s", "0/s", "...", "orders", "ops-chat", "zh", "2026-01-05T10:00:00+08:00", "0 1x3", "_"),
)
CONDITION = r"\.(when|clear|levels\.\w+)$"
ONLY_THE_LOADER_KNOWS = (
    # what stands in other places
    (r"^$", "there (are|is) no (accounts|receivers|route)"),
    (r"(receiver|alertname)$", "there is no (receiver|rule) "),
    (r"name$", "there is another |two instances of this account"),
    (
        r"thresholds(\.\w+)?$",
        "there is no threshold |in the rule and|with these, .* is unsound",
    ),
    (r"auth$", "`auth` is missing: .* in the environment"),
    # what a reference stands for
    ("", r"^what \$\{|^'\$\$?' |^this is not usable here"),
    (r"(url|webhook)$", "names a host"),
    ("auth.*$", "this is not a secret of printable ASCII"),
    # the languages of rules, matchers and templates
    (
        CONDITION,
        "not of this language|is not a duration|not a condition|there is no name|compare durations|takes a duration",
    ),
    (r"match$", "is missing after|is not a regular expression|is not expected here"),
    (r"(summary|runbook)$", "unknown name|unexpected end of template|cannot be filled in"),
    # how long a duration is, and how large a number
    ("", r"should be at (least|most) \d+|must be longer than 0s"),
)
"""Where, and in which words, a loader may complain of what an editor accepts."""
EDITORS_ARE_STRICTER = ("send_resolved",)
"""Flags of receivers: 0 and yes are taken, and an editor asks for true or false."""


def test_the_schema_is_there_for_editors() -> None:
    """Each key has a title and a description; each that is not obvious shows how it is written."""
    for name, definition in schema()["$defs"].items():
        for key, described in definition["properties"].items() if name.endswith("Form") else ():
            if "$ref" not in described:
                assert described.get("title"), f"{name}.{key}"
            assert described.get("description"), f"{name}.{key}"
            shown = {"default", "examples", "enum", "$ref", "properties", "items"} & described.keys()
            assert shown, f"{name}.{key} has no example"


def mutants(seed: int) -> Iterator[str]:
    """The good file with one thing in it that is not as it was."""
    dice = random.Random(seed)
    whole = core(compose(GOOD).root)  # type: ignore[arg-type]
    while True:
        mutant = copy.deepcopy(whole)
        places = list(_places(mutant))
        holder, key = dice.choice(places)
        if dice.random() < 0.2:
            del holder[key]
        elif dice.random() < 0.1 and isinstance(holder, dict):
            holder["nonsense"] = holder.pop(key)
        else:
            holder[key] = dice.choice(STRANGE)
        yield yaml.safe_dump(mutant, allow_unicode=True, sort_keys=False)


def _only_the_loader_knows(fault: Fault) -> bool:
    return any(re.search(path, fault.path) and re.search(words, fault.message) for path, words in ONLY_THE_LOADER_KNOWS)


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in pairs:
        if key not in EDITORS_ARE_STRICTER:
            yield node, key
        yield from _places(value)


@pytest.mark.parametrize("seed", range(4))
def test_one_change_to_a_good_file_is_judged_alike(seed: int, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    unknown = []
    verdicts = set()
    for _, text in zip(range(60), mutants(seed), strict=False):
        file.write_text(text, encoding="utf-8")
        faults = examine(tmp_path, ENVIRONMENT).faults
        root = compose(text).root
        accepted = root is None or VALIDATOR.is_valid(core(root))
        verdicts.add((accepted, not faults))
        assert accepted or faults, f"an editor refuses what loads:\n{text}"
        if accepted and faults and not _only_the_loader_knows(faults[0]):
            unknown.append(str(faults[0]))
    assert unknown == []
    assert verdicts == {(True, True), (True, False), (False, False)}
