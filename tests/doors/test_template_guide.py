"""The guide to templates: every example in it is true, and nothing is missing from it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.sandbox import BOUNDED, FILTERS, LIMIT, STEPS
from monitor.templates import compile_template, names

GUIDE = (Path(__file__).parents[2] / "docs" / "templates.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^(.*\S) +-> (.*)$", GUIDE, flags=re.MULTILINE)
SAMPLE = names(
    values={"running": 20.0, "abnormal": 17.0, "terminated": 8.0, "cdc.abnormal": 3.0, "up": 1.0, "age": 245.0},
    labels={"instance": "orders", "account": "prod", "env": "prod", "data-owner": "ann", "alertname": "cdc"},
    severity="critical",
    started_at=datetime(2026, 1, 5, 2, 1, tzinfo=UTC),
    value=0.254,
)


@pytest.mark.parametrize(("template", "result"), EXAMPLES)
def test_an_example_becomes_what_it_says(template: str, result: str) -> None:
    assert compile_template(template).render(SAMPLE).rstrip() == result


def test_the_guide_has_examples() -> None:
    assert len(EXAMPLES) >= 20


@pytest.mark.parametrize("name", sorted(set(FILTERS) - {BOUNDED}))
def test_every_filter_is_in_the_guide(name: str) -> None:
    assert re.search(rf"\|{name}\b|[` ]{name}[` ]", GUIDE)


@pytest.mark.parametrize("name", sorted(SAMPLE.keys() - {"data-owner", "alertname", "common", "cdc"}))
def test_every_name_is_in_the_guide(name: str) -> None:
    assert re.search(rf"`{name}`", GUIDE)


def test_the_bounds_are_those_of_the_code() -> None:
    assert f"at most {LIMIT:,} characters" in GUIDE
    assert f"at most {STEPS} times" in GUIDE
