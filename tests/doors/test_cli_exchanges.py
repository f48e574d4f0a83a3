"""What `notify` shows of a request: everything that helps, and no secret."""

from __future__ import annotations

from pydantic import SecretStr

from monitor.cli.exchanges import protect_options, sent, shown
from monitor.notifiers import Exchange
from monitor.notifiers.pagerduty import PagerdutyOptions
from monitor.notifiers.webhook import WebhookOptions

CANARY = "canary-5d21c0-exchange"


def lines(**changes: object) -> list[str]:
    usual = {"method": "POST", "url": "https://example.com/", "headers": {}, "body": b"{}", "status": 200}
    return list(shown(Exchange(**{**usual, **changes})))  # type: ignore[arg-type]


def test_of_the_address_the_host_is_shown_and_the_rest_masked() -> None:
    assert lines(url=f"https://u:{CANARY}@example.com:8443/hook/{CANARY}?key={CANARY}")[0] == (
        "  > POST https://example.com:8443/***"
    )
    assert lines(url="https://example.com/", method="PATCH")[0] == "  > PATCH https://example.com/"


def test_only_headers_that_are_no_secret_are_shown() -> None:
    told = lines(headers={"Authorization": f"Bearer {CANARY}", "X-Anything": CANARY, "Idempotency-Key": "m-1"})
    assert "  > Authorization: ***" in told
    assert "  > X-Anything: ***" in told
    assert "  > Idempotency-Key: m-1" in told


def test_what_the_options_hold_is_masked_in_body_and_answer() -> None:
    protect_options(PagerdutyOptions(routing_key=SecretStr(CANARY)))
    headers = {"X-Key": SecretStr(f"{CANARY}-header")}
    protect_options(WebhookOptions(url=SecretStr(f"https://example.com/{CANARY}-path"), headers=headers))
    body = f'{{"routing_key": "{CANARY}", "a": "{CANARY}-header", "b": "{CANARY}-path", "c": "异常"}}'
    told = "\n".join(lines(body=body.encode(), answer=f"no {CANARY}-path".encode()))
    assert CANARY not in told
    assert '"c": "异常"' in told
    assert "  < HTTP 200 no ***" in told


def test_an_answer_that_is_no_text_or_none_at_all_is_shown_as_such() -> None:
    assert lines(answer=b"\x00\xff\x1b[31m")[-1] == "  < HTTP 200 \ufffd\ufffd\ufffd[31m"
    assert lines(status=0)[-1] == "  < no answer"
    assert len(lines(answer=b"x" * 100_000)[-1]) < 1_100


def test_a_body_cannot_write_to_the_terminal() -> None:
    assert list(sent("a\x1b[2J\nb\r\n\u202ec")) == ["  > a\ufffd[2J", "  > b", "  > \ufffdc"]
    assert len(list(sent("\n" * 9_999))) == 500
