"""A poll asks those rules whose answer may be another than at the poll before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.model import Counts, Failure, FailureKind, Instance, Run, Sample
from monitor.rules.asking import Asking
from monitor.rules.edges import Look
from monitor.rules.moves import bits
from monitor.rules.rule import Rule

START = datetime(2026, 1, 5, 10, tzinfo=UTC)
LATER = START + timedelta(seconds=30)
CONDITIONS = {
    "cdc": "cdc.abnormal > 0",
    "abnormal": "abnormal / running > 20%",
    "suspicious": "suspicious == 1",
    "age": "up == 0 and age > 3m",
    "history": "increase(terminated, 15m) >= 3",
}
ASKING = Asking(tuple((rule, rule.judge({})) for rule in (Rule(name, when=text) for name, text in CONDITIONS.items())))
ORDERS = Instance("prod", "id-1", "orders")
GOOD = Run(START, START, 1, Counts(5, 1), Counts(2))
LOST = Failure(FailureKind.TIMEOUT, "")
FAILED = Run(START, START, 1, failure=LOST)
NONE: frozenset[Look] = frozenset()
LOOKS = frozenset({Look(timedelta(minutes=15), bits(["terminated"]))})
SAME = Sample(ORDERS, LATER, timedelta(), GOOD.common, GOOD.cdc)


@pytest.mark.parametrize(
    ("last", "sample", "fresh", "names"),
    [
        (None, SAME, NONE, list(CONDITIONS)),
        (GOOD, SAME, NONE, []),
        (GOOD, SAME, LOOKS, ["history"]),
        (GOOD, SAME, frozenset({Look(timedelta(minutes=15), bits(["running"]))}), []),
        (GOOD, replace(SAME, common=Counts(5, 2)), NONE, ["abnormal", "suspicious"]),
        (GOOD, replace(SAME, common=Counts(5, 1, 1)), NONE, ["suspicious", "history"]),
        (GOOD, replace(SAME, cdc=Counts(2, 1)), LOOKS, ["cdc", "abnormal", "suspicious", "history"]),
        (GOOD, replace(SAME, common=Counts(5, 1, 0, 8)), NONE, ["suspicious"]),
        (GOOD, Sample(ORDERS, LATER, timedelta(), failure=LOST), NONE, list(CONDITIONS)),
        (FAILED, Sample(ORDERS, LATER, timedelta(), failure=LOST), NONE, ["age", "history"]),
        (FAILED, SAME, NONE, list(CONDITIONS)),
    ],
)
def test_who_is_asked(last: Run | None, sample: Sample, fresh: frozenset[Look], names: list[str]) -> None:
    assert [rule.name for rule, _ in ASKING.asked(last, sample, fresh)] == names
