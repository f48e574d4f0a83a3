from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.simulator import signature

ACCESS, SECRET = "QTWAOYTTINDUT2QVKYUC", "MFyfvK41ba2giqM7**********KGpownRZlmVmHc"
HOST, PROJECT = "roma.cn-north-4.myhuaweicloud.com", "c53626012ba84727b938ca8bf03108ef"
BASE = f"/v2/{PROJECT}/fdi/instances/fae7ff6c-8e07-4cf8-9e67-589cab2f017c"
DATE = "20251022T080000Z"

VECTORS = [
    ("/statistics/tasks", {}, "643494f900f939d5957c4e949d44087765f2a040cde91a497ef0502714bf6119"),
    (
        "/statistics/tasks",
        {"content-type": "application/json"},
        "a8001cc449120af9a07049b7fd686cf6fd1b8fd92eab0dc13d956a7c2c4f0345",
    ),
    (
        "/statistics/tasks",
        {"x-security-token": "STSTOKEN"},
        "c4548bd3be6df0725961aadb85daaaf6c1637adcce6fbe9724ea170a535eeee5",
    ),
    (
        "/task-monitors?execute_status=ERROR&limit=999&offset=1&task_name=a%20b~c%2F%C3%A9%2B%26%3D",
        {},
        "eb990a09bcb0b7476b7987b9fb19ab8e02f18c2382490ec63f5b18064efed06e",
    ),
]


@pytest.mark.parametrize(("target", "more", "expected"), VECTORS)
def test_signatures_are_those_of_the_official_signer(target: str, more: dict[str, str], expected: str) -> None:
    headers = {"host": HOST, "x-project-id": PROJECT, "x-sdk-date": DATE, **more}
    canonical = signature.canonical_request(
        "GET", BASE + target, headers=headers, signed=tuple(sorted(headers)), body=b""
    )
    assert signature.sign(SECRET, DATE, canonical) == expected


@pytest.mark.parametrize("query", ["task_name=a+b~c%2f%c3%a9%2B%26%3D&offset=1&execute_status=ERROR&limit=999"])
def test_the_query_is_judged_by_its_meaning_not_by_its_writing(query: str) -> None:
    target, _, expected = VECTORS[3]
    headers = {"host": HOST, "x-project-id": PROJECT, "x-sdk-date": DATE}
    path = BASE + target.partition("?")[0]
    canonical = signature.canonical_request("GET", f"{path}?{query}", headers=headers, signed=tuple(headers), body=b"")
    assert signature.sign(SECRET, DATE, canonical) == expected


def test_the_header_is_taken_apart() -> None:
    text = f"SDK-HMAC-SHA256 Access={ACCESS}, SignedHeaders=host;x-sdk-date, Signature={'0' * 64}"
    assert signature.parse(text) == signature.Signed(ACCESS, ("host", "x-sdk-date"), "0" * 64)


@pytest.mark.parametrize("text", ["", "none", "Bearer x", f"SDK-HMAC-SHA256 Access={ACCESS}, Signature={'0' * 64}"])
def test_other_headers_are_not_taken_for_signatures(text: str) -> None:
    assert signature.parse(text) is None


def test_the_date_is_read_in_utc() -> None:
    assert signature.moment(DATE) == datetime(2025, 10, 22, 8, tzinfo=UTC)
    assert signature.moment("2025-10-22T08:00:00Z") is None
