"""Answers read strictly: only the documented 200 gives counts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fdi_kit import STATISTICS, block, statistics_body, token_reply
from hypothesis import given
from hypothesis import strategies as st

from monitor.fdi import answers
from monitor.fdi.answers import Answer, Garbage
from monitor.model import Counts


def answer(body: bytes | object, **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(200, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def test_the_documented_answer_gives_both_counts() -> None:
    assert answers.statistics(answer(STATISTICS)) == (Counts(7, 1, 2, 30), Counts(3, 0, 0, 4))


def test_fields_nobody_documented_are_no_trouble() -> None:
    body = statistics_body(common={**block(), "flow_tasks_count": "many"}) | {"flow_task_details": None}
    assert answers.statistics(answer(body)) == (Counts(7, 1, 2, 30), Counts(3, 0, 0, 4))


def test_counts_beyond_32_bits_are_counts() -> None:
    assert answers.statistics(answer(statistics_body(common=block(999_999_999_999))))[0].running == 999_999_999_999


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "the body is empty"),
        (b"  \n<html><body>Sign in</body></html>", "it is a web page"),
        (STATISTICS[:-3], "it is not whole JSON"),
        (STATISTICS + b"x", "it is not whole JSON"),
        (b"[" * 100_000, "it is not whole JSON"),
        (b"\xff\xfe{}", "it is not whole JSON"),
        (b"null", "the whole answer"),
        (b"[]", "the whole answer"),
        (b"{}", "common_task_details: Field required"),
        ({"common_task_details": block()}, "cdc_task_details: Field required"),
        ({"common_task_details": block(), "cdc_task_details": None}, "cdc_task_details: Input should be an object"),
        ({"common_task_details": block(), "cdc_task_details": [1, 2, 3, 4]}, "cdc_task_details"),
        (statistics_body(cdc={"running_tasks_count": 1}), "cdc_task_details.abnormal_tasks_count: Field required"),
        (statistics_body(cdc=block("7")), "cdc_task_details.running_tasks_count: Input should be a valid integer"),
        (statistics_body(cdc=block(abnormal=None)), "cdc_task_details.abnormal_tasks_count"),
        (statistics_body(cdc=block(abnormal=True)), "cdc_task_details.abnormal_tasks_count"),
        (statistics_body(cdc=block(abnormal=1.0)), "cdc_task_details.abnormal_tasks_count"),
        (statistics_body(cdc=block(abnormal=[1])), "cdc_task_details.abnormal_tasks_count"),
        (statistics_body(common=block(abnormal=-1)), "common_task_details.abnormal_tasks_count"),
        (statistics_body(common=block(abnormal=10**12 + 1)), "common_task_details.abnormal_tasks_count"),
        (statistics_body(common=block(abnormal=10**300)), "common_task_details.abnormal_tasks_count"),
    ],
)
def test_anything_else_is_garbage_and_says_what_is_wrong(body: object, says: str) -> None:
    with pytest.raises(Garbage) as caught:
        answers.statistics(answer(body, X_Request_Id="r-17"))
    assert says in caught.value.reason
    assert caught.value.request_id == "r-17"


@given(st.binary(max_size=200) | st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_whatever_comes_is_counts_or_garbage(body: Any) -> None:
    with pytest.raises(Garbage):
        answers.statistics(answer(body))


@given(st.integers(0, len(STATISTICS) - 1), st.integers(0, 255))
def test_one_broken_byte_never_gives_a_negative_or_absurd_count(place: int, byte: int) -> None:
    broken = STATISTICS[:place] + bytes([byte]) + STATISTICS[place + 1 :]
    try:
        counts = answers.statistics(answer(broken))
    except Garbage:
        return
    assert all(0 <= count <= 10**12 for kind in counts for count in kind)


@pytest.mark.parametrize("header", ["X-Request-Id", "X-IAM-Trace-Id"])
def test_the_request_id_is_found_in_both_headers_and_made_harmless(header: str) -> None:
    assert Answer(200, {header: "abc\x1b[31m" + "x" * 100}, b"").request_id == "abc[31m" + "x" * 56


def test_a_token_reply_says_when_it_ends_and_for_which_project() -> None:
    info = answers.token_info(answer(token_reply(3600)))
    assert (info.expires_at - info.issued_at).total_seconds() == 3600
    assert info.project is not None
    assert info.project.name == "cn-north-4"


@pytest.mark.parametrize("broken", [{}, {"token": None}, {"token": {"expires_at": "soon", "issued_at": "now"}}])
def test_a_token_reply_without_its_times_is_garbage(broken: object) -> None:
    with pytest.raises(Garbage):
        answers.token_info(answer(broken))


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"total": 1},
        {"total": "1", "instances": []},
        {"total": 1, "instances": None},
        {"total": 1, "instances": [{"id": "i", "name": "n"}]},
        {"total": 1, "instances": [{"id": "", "name": "n", "status": "RUNNING"}]},
        {"total": 1, "instances": [{"id": 7, "name": "n", "status": "RUNNING"}]},
    ],
)
def test_an_instance_list_of_another_shape_is_garbage(broken: object) -> None:
    with pytest.raises(Garbage):
        answers.instance_page(answer(broken))
