"""Counts that differ are told as bits, and names by the bits that they read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from monitor.model import Counts, Failure, FailureKind, Run
from monitor.rules.moves import ANY, bits, moved

START = datetime(2026, 1, 5, 10, tzinfo=UTC)
ONE = Run(START, START, 1, Counts(5, 1), Counts(2))


def test_a_name_without_a_kind_reads_both_and_what_is_no_count_reads_none() -> None:
    assert bits(["abnormal"]) == bits(["common.abnormal", "cdc.abnormal"])
    assert bits(["common.abnormal"]) & bits(["cdc.abnormal", "common.running"]) == 0
    assert bits(["up", "age", "suspicious"]) == bits([]) == 0
    assert bits(["running", "abnormal", "terminated", "completed"]) == ANY


@pytest.mark.parametrize(
    ("other", "names"),
    [
        (ONE, []),
        (replace(ONE, common=Counts(9, 1)), ["common.running"]),
        (replace(ONE, cdc=Counts(2, 0, 0, 7)), ["cdc.completed"]),
        (replace(ONE, common=Counts(5, 0), cdc=Counts(2, 1)), ["abnormal"]),
        (replace(ONE, common=None, cdc=None, failure=Failure(FailureKind.TIMEOUT, "")), ["running", "abnormal"]),
    ],
)
def test_what_moved_is_what_differs_and_anything_where_that_is_unknown(other: Run, names: list[str]) -> None:
    assert moved(ONE, other) == moved(other, ONE) == (bits(names) if other.failure is None else ANY)
