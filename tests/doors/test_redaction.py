"""No secret survives `redact`, whether it was declared or only looks like one."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.redaction import MASK, SHORTEST, Redactor

CANARY = "c4n4ry-9f2e"

secrets = st.text(min_size=SHORTEST, max_size=40).filter(lambda text: len(text.strip()) >= SHORTEST and "*" not in text)


@given(secrets, st.text(), st.text())
def test_a_declared_secret_is_gone_from_any_text(secret: str, before: str, after: str) -> None:
    redactor = Redactor()
    redactor.protect(secret)
    for form in (secret.strip(), quote(secret.strip(), safe=""), json.dumps(secret.strip())[1:-1]):
        assert form not in redactor.redact(f"{before}{form}{after}")


def test_a_secret_that_contains_another_one_is_masked_whole() -> None:
    redactor = Redactor()
    redactor.protect("abcd")
    redactor.protect("abcd-efgh")
    assert redactor.redact("<abcd-efgh> <abcd>") == f"<{MASK}> <{MASK}>"


def test_a_very_short_secret_does_not_eat_the_text() -> None:
    redactor = Redactor()
    redactor.protect("a")
    redactor.protect("")
    assert redactor.redact("all instances are back") == "all instances are back"


@pytest.mark.parametrize(
    "text",
    [
        f"POST https://oapi.dingtalk.com/robot/send?access_token={CANARY}&timestamp=1",
        f"GET /robot/send?timestamp=1&sign={CANARY}",
        f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={CANARY}",
        f"https://open.feishu.cn/open-apis/bot/v2/hook/{CANARY}",
        f"https://discord.com/api/webhooks/123/{CANARY}",
        f"https://hooks.slack.com/services/T000/B000/{CANARY}",
        f"https://api.telegram.org/bot123456:{CANARY}/sendMessage",
        f"X-Auth-Token: {CANARY}",
        f"{{'X-Auth-Token': '{CANARY}', 'Accept': '*/*'}}",
        f"<CIMultiDict('Host': 'h', 'X-Subject-Token': '{CANARY}')>",
        f"Authorization: Bearer {CANARY}",
        f"Authorization: SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature={CANARY}",
        f"postgresql://fdi:{CANARY}@db/fdi",
        f'{{"auth": {{"user": "monitor", "password": "{CANARY}"}}}}',
        f"{{'secret_key': '{CANARY}'}}",
        f"password={CANARY}",
    ],
)
def test_what_looks_like_a_secret_is_masked_undeclared(text: str) -> None:
    redacted = Redactor().redact(text)
    assert CANARY not in redacted
    assert MASK in redacted


@pytest.mark.parametrize(
    "text",
    [
        "orders: abnormal 9 -> 17, running 120",
        "token expired, a new one is asked for",
        'group_key={}/{severity="critical"}:{alertname="X"}',
        "GET https://roma.cn-north-4.myhuaweicloud.com/v2/p/fdi/instances/i/statistics?limit=10 timed out after 10s",
        "https://fdi-monitor.example.com:8080/alerts@now",
        "instance is bothered by 12:30",
    ],
)
def test_everyday_text_stays_as_it_is(text: str) -> None:
    assert Redactor().redact(text) == text


def test_redacting_twice_changes_nothing_more() -> None:
    redactor = Redactor()
    redactor.protect(CANARY)
    once = redactor.redact(f"password={CANARY} X-Auth-Token: {CANARY} /hook/{CANARY}?key=abc://u:p@h")
    assert redactor.redact(once) == once
