"""A poll asks those rules whose answer may be another than at the poll before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.model import Counts, Failure, FailureKind, Instance, Run, Sample
from monitor.rules.asking import Asking
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
SAME = Sample(ORDERS, LATER, timedelta(), GOOD.common, GOOD.cdc)


@pytest.mark.parametrize(
    ("last", "sample", "names"),
    [
        (None, SAME, list(CONDITIONS)),
        (GOOD, SAME, ["history"]),
        (GOOD, replace(SAME, common=Counts(5, 2)), ["abnormal", "suspicious", "history"]),
        (GOOD, replace(SAME, cdc=Counts(2, 1)), ["cdc", "abnormal", "suspicious", "history"]),
        (GOOD, replace(SAME, common=Counts(5, 1, 0, 8)), ["suspicious", "history"]),
        (GOOD, Sample(ORDERS, LATER, timedelta(), failure=LOST), list(CONDITIONS)),
        (FAILED, Sample(ORDERS, LATER, timedelta(), failure=LOST), ["age", "history"]),
        (FAILED, SAME, list(CONDITIONS)),
    ],
)
def test_who_is_asked(last: Run | None, sample: Sample, names: list[str]) -> None:
    assert [rule.name for rule, _ in ASKING.asked(last, sample)] == names
