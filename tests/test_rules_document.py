"""docs/rules.md is true: every example gives what stands beside it, and nothing of the language is left out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import fences
import pytest
import yaml

from monitor.model import STATUSES, Counts, Failure, FailureKind, Instance, Sample
from monitor.policy import series
from monitor.policy.rules import RuleForm
from monitor.rules.binding import INFIX
from monitor.rules.cohorts import Cohorts
from monitor.rules.compile import compile_truth, compile_value
from monitor.rules.dimensions import dimension
from monitor.rules.facts import Facts
from monitor.rules.names import AGGREGATES, COUNTS, HEALTH, HISTORY
from monitor.rules.parser import parse
from monitor.rules.quantity import Dimension, Quantity, quantity, shown
from monitor.rules.rule import Rule
from monitor.rules.syntax import Call, Name, Node, walk
from monitor.rules.tokens import tokens
from monitor.rules.watch import Watch, facts_of

RULES = "docs/rules.md"
PAGE = fences.text(RULES)
START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
EVERY, TOOK = timedelta(seconds=30), timedelta(milliseconds=250)


@dataclass
class Shown:
    """One block: instances with their series, thresholds, and expressions with what they give."""

    instances: dict[str, dict[str, series.Series]] = field(default_factory=dict)
    thresholds: dict[str, Quantity] = field(default_factory=dict)
    examples: list[tuple[str, str]] = field(default_factory=list)
    by: bool = False

    @property
    def polls(self) -> int:
        return max((len(values) for one in self.instances.values() for values in one.values()), default=1)


def read(block: str) -> Shown:
    found, name = Shown(), "orders"
    for line in block.splitlines():
        if instance := re.fullmatch(r"\[(\w+)\]", line):
            name, found.by = instance[1], True
        elif "=>" in line:
            expression, _, result = line.partition("=>")
            found.examples.append((expression.strip(), result.strip()))
        elif line.startswith("thresholds:"):
            given = (word.split("=") for word in line.split()[1:])
            found.thresholds = {name: quantity(text) for name, text in given}
        else:
            count, _, values = line.partition(":")
            series.check_name(count)
            found.instances.setdefault(name, {})[count] = series.parse(values)
    found.instances.setdefault(name, {})
    return found


def samples(block: Shown) -> list[Sample]:
    """What is polled, in the order of time."""
    taken = []
    for poll in range(block.polls):
        for name, given in block.instances.items():
            one, at = Instance("prod", f"i-{name}", name), START + poll * EVERY
            values = {count: line[poll] for count, line in series.aligned(given, block.polls)}
            if None in values.values():
                taken.append(Sample(one, at, TOOK, failure=Failure(FailureKind.TIMEOUT, "slow")))
                continue
            common = (values.get(f"common.{status}", values.get(status)) or 0 for status in STATUSES)
            cdc = (values.get(f"cdc.{status}") or 0 for status in STATUSES)
            taken.append(Sample(one, at, TOOK, Counts(*common), Counts(*cdc)))
    return taken


def known(block: Shown, expression: str) -> Facts:
    """What is known after the last poll, of the instance or of the group."""
    kind = dimension(parse(expression), block.thresholds, by=block.by)
    other = {Dimension.NUMBER: f"{expression} > 0", Dimension.DURATION: f"{expression} > 0s"}
    rules = (Rule("r", when=other.get(kind, expression), thresholds=block.thresholds, by=() if block.by else None),)
    taken = samples(block)
    watches = {sample.instance.key: Watch(sample.instance, rules, health=None, history=()) for sample in taken}
    cohorts = Cohorts(rules)
    for watch in watches.values():
        cohorts.join(watch.instance, None, watch.window)
    for sample in taken:
        watch = watches[sample.instance.key]
        watch.health = watch.step(sample, {}).health
        facts = facts_of(watch.health, sample, watch.window)
        for cohort in cohorts.saw(sample, watch.health, watch.window):
            facts = Facts(sample.at, None, None, up=sample.up, aggregates=cohort._aggregates(sample.at))
    return facts


def given(block: Shown, expression: str) -> str:
    tree = parse(expression)
    kind = dimension(tree, block.thresholds, by=block.by)
    facts = known(block, expression)
    if kind is Dimension.TRUTH:
        return {True: "true", False: "false", None: "unknown"}[compile_truth(tree, block.thresholds)(facts)]
    return shown(float(compile_value(tree, block.thresholds)(facts)), kind)


EXAMPLES = [
    (block, *example) for block in (read(one.text) for one in fences.blocks("example")) for example in block.examples
]


@pytest.mark.parametrize(("block", "expression", "result"), EXAMPLES, ids=lambda value: str(value)[:40])
def test_an_example_gives_what_stands_beside_it(block: Shown, expression: str, result: str) -> None:
    assert given(block, expression) == result


def test_there_is_an_example_for_every_name_function_and_operator() -> None:
    nodes: list[Node] = [node for _, expression, _ in EXAMPLES for node in walk(parse(expression))]
    words = {token.text for _, expression, _ in EXAMPLES for token in tokens(expression)}
    assert {*COUNTS, *HEALTH} <= {node.text for node in nodes if isinstance(node, Name)}
    assert {*HISTORY, *AGGREGATES} == {node.function for node in nodes if isinstance(node, Call)}
    assert {*INFIX, "not", "-", "(", ","} <= words
    assert {"true", "false", "unknown", "infinite"} <= {result for _, _, result in EXAMPLES}


def test_there_is_an_example_for_every_clause() -> None:
    clauses = {form.alias or name for name, form in RuleForm.model_fields.items()}
    shown_here = {
        key for one in fences.blocks("yaml", page=RULES) for rule in yaml.safe_load(one.text)["rules"] for key in rule
    }
    assert shown_here == clauses
    explained = set(re.findall(r"`(\w+)`", PAGE[PAGE.index("| clause |") :]))
    assert clauses <= explained
