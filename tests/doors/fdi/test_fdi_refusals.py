"""Refusals: every documented code and body shape is sorted by who must act, and no secret comes through."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import AuthFailed, DoorError, Refused, Throttled, Unreachable
from monitor.fdi.answers import Answer, Garbage
from monitor.fdi.refusals import LockedOut, printable, read_body, sorted_error, wait_asked

AT = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


def sort(status: int, body: object = b"", headers: dict[str, str] | None = None, *secrets: str) -> DoorError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return sorted_error(Answer(status, headers or {}, raw), at=AT, secrets=secrets)


def codes(numbers: str, status: int, kind: type[DoorError], advice: str = "", prefix: str = "APIGW") -> list[Any]:
    return [pytest.param(f"{prefix}.{number}", status, kind, advice, id=f"{prefix}.{number}-{status}")
            for number in numbers.split()]  # fmt: skip


TABLE = [
    *codes("0101 0103", 404, Refused, "region and endpoint"),
    *codes("0104 0105 0106 0201 0602 0607", 400, Refused, "instance id"),
    *codes("0201", 413, Refused, "long token"),
    *codes("0201", 414, Refused, "long token"),
    *codes("0201", 494, Refused, "long token"),
    *codes("0201", 502, Unreachable),
    *codes("0201", 504, Unreachable),
    *codes("0301 0303 0305 0307 0311", 401, AuthFailed),
    *codes("0302 0304 0306 0310 0401 0402 0801 0802", 403, Refused, "ROMA ReadOnlyAccess"),
    *codes("0308", 429, Throttled, "quota"),
    *codes("0501", 405, Refused, "raise it"),
    *codes("0502", 405, Refused, "unfrozen"),
    *codes("0601 0605 0606 0608 0609 0611 0612 0705", 500, Unreachable),
    *codes("0610", 502, Unreachable),
    *codes("0613", 503, Unreachable),
    *codes("0301 0307", 401, AuthFailed, prefix="APIG"),
    *codes("0302", 403, Refused, "ROMA ReadOnlyAccess", prefix="APIG"),
    *codes("0308", 429, Throttled, prefix="APIG"),
    *codes("0101", 404, Refused, "region and endpoint", prefix="APIG"),
    *codes("3030", 404, Refused, "this project and region", prefix="APIG"),
    *codes("3002 3016 3019 3020 3021 3026 3027 3033", 400, Refused, prefix="FDI"),
    *codes("3039", 400, Refused, "check project_id", prefix="FDI"),
    *codes("3081", 404, Refused, prefix="FDI"),
    *codes("9999", 500, Unreachable, prefix="FDI"),
    *codes("1000 1002", 400, AuthFailed, prefix="ROMA"),
    *codes("1006", 400, Refused, "ROMA ReadOnlyAccess", prefix="ROMA"),
    *codes("1007", 400, Refused, "region and endpoint", prefix="ROMA"),
    *codes("13000", 400, Refused, prefix="ROMA"),
    *codes("00110002", 500, Refused, "this project and region", prefix="ROMA"),
]


@pytest.mark.parametrize(("code", "status", "kind", "advice"), TABLE)
def test_each_documented_code_has_its_class_and_its_advice(
    code: str, status: int, kind: type[DoorError], advice: str
) -> None:
    error = sort(status, {"error_code": code, "error_msg": "Words of the server."})
    assert type(error) is kind
    assert f"({status} {code}: Words of the server.)" in error.reason
    assert advice in error.reason
    assert error.code == code


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, AuthFailed), (403, Refused), (404, Refused), (400, Refused), (405, Refused), (408, Unreachable),
        (418, Refused), (429, Throttled), (431, Refused), (500, Unreachable), (503, Unreachable), (599, Unreachable),
        (201, Garbage), (204, Garbage), (206, Garbage), (301, Garbage), (302, Garbage), (304, Garbage),
        (999, Unreachable),
    ],
)  # fmt: skip
def test_without_a_known_code_the_status_decides(status: int, kind: type[DoorError]) -> None:
    assert type(sort(status)) is kind
    assert type(sort(status, b"<html>nothing to see</html>")) is kind
    assert type(sort(status, {"error_code": "NEW.0001", "error_msg": "unheard of"})) is kind


SHAPES = [
    ({"error_code": "FDI.9999", "error_msg": "Network error."}, "FDI.9999", "Network error.", ""),
    (
        {"error_code": "ROMA.00000101", "error_msg": "m", "error_details": "d", "request_id": "r1"},
        "ROMA.00000101",
        "m",
        "r1",
    ),
    ({"error_msg": "m", "error_code": "APIGW.0301", "request_id": "r2"}, "APIGW.0301", "m", "r2"),
    ({"errorCode": "C", "errorMsg": "m"}, "C", "m", ""),
    ({"errorCode": "C", "errorMessage": "m"}, "C", "m", ""),
    ({"code": "C", "message": "m"}, "C", "m", ""),
    (
        {"error": {"message": "Unauthorized.", "code": 401, "title": "Unauthorized"}},
        "401",
        "Unauthorized.",
        "",
    ),
    ({"error_msg": "m", "error_code": "IAM.0007", "encoded_authorization_message": "x"}, "IAM.0007", "m", ""),
    ({"outer": {"inner": {"error_code": "C", "error_msg": "m"}}}, "C", "m", ""),
]


@pytest.mark.parametrize(("body", "code", "message", "request_id"), SHAPES)
def test_every_body_shape_is_read(body: object, code: str, message: str, request_id: str) -> None:
    read = read_body(json.dumps(body).encode())
    assert (read.code, read.message, read.request_id) == (code, message, request_id)


@pytest.mark.parametrize("body", [b"", b"503 Service Temporarily Unavailable", b"<html>", b"[1]", b'{"a": 1}', b"\xff"])
def test_any_other_body_is_all_message(body: bytes) -> None:
    assert read_body(body).message == body.decode(errors="replace")


@given(st.binary(max_size=300), st.integers(100, 999), st.text(max_size=40))
def test_whatever_the_answer_it_is_sorted(body: bytes, status: int, retry_after: str) -> None:
    error = sorted_error(Answer(status, {"Retry-After": retry_after, "Location": retry_after}, body), at=AT)
    assert isinstance(error, DoorError)
    assert error.reason.isprintable()


def test_a_body_of_nested_brackets_breaks_nothing() -> None:
    assert isinstance(sort(500, b'{"a":' * 50_000), Unreachable)


def test_a_lock_is_told_from_a_refusal() -> None:
    error = sort(401, {"error_code": "APIGW.0301", "error_msg": "AK access failed to reach the limit,forbidden."})
    assert type(error) is LockedOut


def test_an_instance_that_does_not_exist_is_known_by_the_words() -> None:
    assert type(sort(500, {"error_code": "X.1", "error_msg": "The instance does not exist"})) is Refused


def test_a_redirect_names_the_host_it_leads_to_and_nothing_more() -> None:
    error = sort(302, headers={"Location": "https://auth.huaweicloud.com/login?ticket=canary-ticket"})
    assert "302 to auth.huaweicloud.com" in error.reason
    assert "canary" not in error.reason


LIMITED = "The throttling threshold has been reached: policy user over ratelimit,limit:{},time:{}"


@pytest.mark.parametrize(
    ("retry_after", "message", "seconds"),
    [
        (None, "", 60),
        ("7", "", 7),
        ("0", "", 1),
        ("99999999999999999999", "", 3600),
        ("Mon, 05 Jan 2026 10:02:00 GMT", "", 120),
        ("Mon, 05 Jan 2026 09:00:00 GMT", "", 1),
        ("soon", "", 60),
        ("soon", LIMITED.format(100, "1 minute"), 60),
        ("7", LIMITED.format(100, "1 minute"), 7),
        (None, LIMITED.format(5, "1 second"), 1),
        (None, LIMITED.format(200, "5 minute"), 300),
        (None, LIMITED.format(200, "1 hour"), 3600),
        (None, LIMITED.format(200, "1 day"), 3600),
    ],
)
def test_a_throttled_account_waits_as_long_as_it_is_told(retry_after: str | None, message: str, seconds: int) -> None:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    assert wait_asked(Answer(429, headers, b""), message, AT) == timedelta(seconds=seconds)


def test_throttling_carries_the_wait_of_its_body() -> None:
    error = sort(429, {"error_code": "APIGW.0308", "error_msg": LIMITED.format(200, "5 minute"), "request_id": "r"})
    assert isinstance(error, Throttled)
    assert (error.wait, error.request_id) == (timedelta(minutes=5), "r")


def test_the_request_id_of_the_header_comes_before_that_of_the_body() -> None:
    body = {"error_code": "FDI.9999", "error_msg": "m", "request_id": "body"}
    assert sort(500, body, {"X-Request-Id": "header"}).request_id == "header"
    assert sort(500, body).request_id == "body"


def test_secrets_that_the_server_echoes_are_blotted_out_whole_or_cut_short() -> None:
    token = "MIIabcdefgh" + "x" * 3000
    message = f"decrypt token fail: {token}; also {token[:40]}...; secret key s3cr3t! in GET|/v2|x-token:{token}|"
    reason = sort(401, {"error_code": "APIGW.0301", "error_msg": message}, None, token, "s3cr3t!").reason
    assert "MIIabcdefgh" not in reason
    assert "s3cr3t!" not in reason
    assert "decrypt token fail: *** also *** secret key *** in" in reason


def test_the_servers_text_is_cut_and_its_control_characters_are_escaped() -> None:
    assert printable("a\x00b\x1b[31m\u202ec  \n d") == r"a\x00b\x1b[31m\u202ec d"
    assert len(printable("x" * 10_000)) == 256
    assert len(printable("\x00" * 10_000)) == 256
    assert printable("实例不存在") == "实例不存在"
