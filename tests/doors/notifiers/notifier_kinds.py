"""Every kind of notifier as the contract sees it: its options, its success, its documented refusals, its limits.

Run as a program it writes the snapshots anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import aiohttp
from notifier_samples import CANARY, NOW, SNAPSHOTS, snapshots
from pydantic import SecretStr

from monitor.fdi.account import Account, Aksk
from monitor.fdi.topics import AccountTopics
from monitor.notifiers import Notifier, Outcome, Tools, registry

FOUND = registry.find().kinds
MINUTE = timedelta(minutes=1)
D, R, T, U = Outcome.DELIVERED, Outcome.REFUSED, Outcome.THROTTLED, Outcome.UNREACHABLE


@dataclass(frozen=True, slots=True)
class Case:
    """An answer, and what follows from it. A mapping or a list is sent as JSON."""

    status: int
    body: Any
    outcome: Outcome
    wait: timedelta | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def raw(self) -> bytes:
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to be told. `name` may be a variant (`slack-bot`) of the `kind` that the policy names.

    `body_decides`: a 2xx with an answer that is not the documented one is no success. `size` measures a request against
    `limit`. `odd` are the statuses that this kind judges in another way than all others.
    """

    name: str
    options: Callable[[str], Mapping[str, Any]]
    good: Case
    refusals: tuple[Case, ...] = ()
    body_decides: bool = True
    size: Callable[[bytes], int] = len
    limit: int = 2**30
    odd: Mapping[int, Outcome] = field(default_factory=dict)
    robot: str = ""
    """The simulated robot that shows its messages; empty if none does."""

    @property
    def kind(self) -> str:
        return self.name.partition("-")[0]

    def notifier(self, address: str, kit: Tools, **more: Any) -> Notifier:
        """The notifier as the policy makes it, with a canary in every secret."""
        given = {**self.options(address), **more}
        kind = FOUND[self.kind]
        return kind(kind.Options.model_validate(given), with_topics(kit))

    def expected(self, status: int) -> Outcome:
        """What follows from a status with an empty body: the table of the design, written down a second time."""
        if status in self.odd:
            return self.odd[status]
        if 200 <= status < 300:
            return U if self.body_decides else D
        if status == 429:
            return T
        return U if status == 408 or status >= 500 else R


def with_topics(kit: Tools) -> Tools:
    """The tools with the topics of an account."""
    if not isinstance(kit.session, aiohttp.ClientSession) and kit.session is None:
        return kit
    auth = Aksk("AK", SecretStr(f"{CANARY}-sk"))
    account = Account("prod", "https://roma", "https://iam", auth, "cn-north-4", "0123456789abcdef0123456789abcdef")
    return replace(kit, topics={"prod": AccountTopics(account, kit.session, lambda: NOW)})


def _content(*path: str) -> Callable[[bytes], int]:
    """Bytes of a text inside the body."""

    def size(body: bytes) -> int:
        found = json.loads(body)
        for key in path:
            found = found[key]
        return len(found.encode())

    return size


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _errcode(code: int, **more: Any) -> dict[str, Any]:
    return {"errcode": code, "errmsg": "said", **more}


def _feishu(name: str) -> Kind:
    def code(number: int) -> dict[str, Any]:
        return {"code": number, "msg": "said", "data": {}}

    return Kind(
        name,
        lambda address: {"webhook": f"{address}/open-apis/bot/v2/hook/{CANARY}", "secret": f"{CANARY}-sign"},
        Case(200, code(0), D),
        (
            Case(200, code(11232), T, MINUTE),
            *(Case(200, code(number), R) for number in (9499, 19001, 19021, 19022, 19024, 7)),
            Case(400, code(9499), R),
            Case(400, code(11232), T, MINUTE),
            Case(429, "", T, timedelta(seconds=7), {"x-ogw-ratelimit-reset": "7"}),
            Case(200, code(11232), T, timedelta(seconds=9), {"x-ogw-ratelimit-reset": "9"}),
            Case(500, code(0), U),
        ),
        limit=20_000,
        robot="feishu",
    )


def _dingtalk(name: str, **more: Any) -> Kind:
    return Kind(
        name,
        lambda address: {
            "webhook": f"{address}/robot/send?access_token={CANARY}",
            "secret": f"{CANARY}-sign",
            **more,
        },
        Case(200, _errcode(0), D),
        (
            Case(200, _errcode(130101, status=1111, wait=5, punish="deny"), T, timedelta(seconds=5)),
            Case(200, _errcode(130101), T, 10 * MINUTE),
            Case(200, _errcode(130101, wait="soon"), T, 10 * MINUTE),
            Case(200, _errcode(90030), T, 10 * MINUTE),
            *(Case(200, _errcode(number), R) for number in (310000, 300001, 300005, 460101, 101002, 40035)),
            Case(200, _errcode(-1), U),
        ),
        limit=20_000,
        robot="dingtalk",
    )


def _app_error(status: int, code: str, outcome: Outcome, wait: timedelta | None = None) -> Case:
    return Case(status, {"code": code, "message": "said", "requestid": "1"}, outcome, wait)


_SLACK_ERRORS = (
    *("invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "missing_scope"),
    *("channel_not_found", "not_in_channel", "is_archived", "msg_too_long", "msg_blocks_too_long", "invalid_blocks"),
)


def _slack(code: str) -> dict[str, Any]:
    return {"ok": False, "error": code}


def _telegram(status: int, text: str, **parameters: Any) -> dict[str, Any]:
    more = {"parameters": parameters} if parameters else {}
    return {"ok": False, "error_code": status, "description": text, **more}


def _smn(code: str) -> dict[str, Any]:
    return {"request_id": "1", "code": code, "message": "said"}


KINDS = (
    _feishu("feishu"),
    _feishu("lark"),
    _dingtalk("dingtalk"),
    _dingtalk("dingtalk-card", card=True),
    Kind(
        "dingtalk-app",
        lambda address: {
            "app_key": "key",
            "app_secret": f"{CANARY}-app",
            "robot_code": "robot",
            "conversation": "cid==",
            "base_url": address,
        },
        Case(200, {"processQueryKey": "q"}, D),
        (
            _app_error(403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", T, MINUTE),
            _app_error(400, "miss.param", R),
            _app_error(404, "resource.not.found", R),
            _app_error(400, "InvalidAuthentication", R),
            _app_error(503, "ServiceUnavailable", U),
            Case(200, {"message": "ok"}, U),
        ),
        limit=20_000,
        robot="dingtalk-app",
    ),
    Kind(
        "wecom",
        lambda address: {"webhook": f"{address}/cgi-bin/webhook/send?key={CANARY}"},
        Case(200, _errcode(0), D),
        (
            Case(200, _errcode(45009), T, MINUTE),
            Case(200, _errcode(45033), T, MINUTE),
            *(Case(200, _errcode(number), R) for number in (93000, 93004, 93008, 40058, 45002, 40008)),
            Case(200, _errcode(-1), U),
        ),
        size=_content("markdown", "content"),
        limit=4096,
        robot="wecom",
    ),
    Kind(
        "slack-webhook",
        lambda address: {"webhook": f"{address}/services/T0/B0/{CANARY}"},
        Case(200, "ok", D),
        (
            Case(200, "no", U),
            Case(200, {"ok": True}, U),
            Case(400, "invalid_payload", R),
            Case(403, "action_prohibited", R),
            Case(404, "no_service", R),
            Case(410, "channel_is_archived", R),
            Case(429, "rate_limited", T, timedelta(seconds=30), {"Retry-After": "30"}),
            Case(500, "rollup_error", U),
        ),
        limit=13_000,
        robot="slack",
    ),
    Kind(
        "slack-bot",
        lambda address: {"token": f"xoxb-{CANARY}", "channel": "#alerts", "base_url": f"{address}/api"},
        Case(200, {"ok": True, "channel": "C01", "ts": "1.2"}, D),
        (
            *(Case(200, _slack(code), R) for code in _SLACK_ERRORS),
            Case(200, _slack("ratelimited"), T, MINUTE),
            Case(429, _slack("ratelimited"), T, timedelta(seconds=3), {"Retry-After": "3"}),
            Case(200, _slack("message_limit_exceeded"), T, MINUTE),
            Case(200, _slack("internal_error"), U),
            Case(200, {"ok": False}, U),
        ),
        limit=13_000,
        robot="slack",
    ),
    Kind(
        "teams",
        lambda address: {"webhook": f"{address}/workflows/1/triggers/manual/paths/invoke?sig={CANARY}"},
        Case(202, "", D),
        (
            Case(400, {"error": {"code": "TriggerInputSchemaMismatch", "message": "said"}}, R),
            Case(401, {"error": {"code": "DirectApiAuthorizationRequired"}}, R),
            Case(404, {"error": {"code": "WorkflowNotFound"}}, R),
            Case(413, "", R),
            Case(429, {"error": {"code": "WorkflowTriggerIsThrottled"}}, T, MINUTE),
            Case(429, "", T, timedelta(seconds=9), {"Retry-After": "9"}),
            Case(502, {"error": {"code": "NoResponse"}}, U),
        ),
        body_decides=False,
        limit=21_000,
        robot="teams",
    ),
    Kind(
        "telegram",
        lambda address: {"token": f"123:{CANARY}", "chat_id": "-100", "base_url": address},
        Case(200, {"ok": True, "result": {"message_id": 7}}, D),
        (
            Case(429, _telegram(429, "Too Many Requests: retry after 17", retry_after=17), T, timedelta(seconds=17)),
            Case(429, _telegram(429, "Too Many Requests"), T, MINUTE),
            Case(400, _telegram(400, "Bad Request: chat not found"), R),
            Case(400, _telegram(400, "Bad Request: message is too long"), R),
            Case(400, _telegram(400, "Bad Request: can't parse entities: said"), R),
            Case(401, _telegram(401, "Unauthorized"), R),
            Case(403, _telegram(403, "Forbidden: bot was kicked from the group chat"), R),
            Case(404, _telegram(404, "Not Found"), R),
            Case(502, _telegram(502, "Bad Gateway"), U),
            Case(200, {"ok": False}, U),
        ),
        size=lambda body: _utf16(json.loads(body)["text"]),
        limit=4096,
        robot="telegram",
    ),
    Kind(
        "discord",
        lambda address: {"webhook": f"{address}/api/webhooks/12/{CANARY}"},
        Case(200, {"id": "99", "channel_id": "1"}, D),
        (
            Case(429, {"message": "limited", "retry_after": 1.5, "global": False}, T, timedelta(seconds=1.5)),
            Case(429, "", T, timedelta(seconds=4), {"Retry-After": "4"}),
            Case(404, {"code": 10015, "message": "Unknown Webhook"}, R),
            Case(401, {"code": 50027, "message": "Invalid Webhook Token"}, R),
            Case(400, {"code": 50035, "message": "Invalid Form Body"}, R),
            Case(500, {"code": 0, "message": "said"}, U),
        ),
        size=lambda body: _utf16(json.loads(body)["embeds"][0]["description"]),
        limit=4096,
        robot="discord",
    ),
    Kind(
        "pagerduty",
        lambda address: {"routing_key": f"{CANARY}-routing-key", "base_url": address},
        Case(202, {"status": "success", "message": "Event processed", "dedup_key": "k"}, D),
        (
            Case(400, {"status": "invalid event", "message": "said", "errors": ["'routing_key' is invalid"]}, R),
            Case(429, {"status": "throttle exceeded"}, T, MINUTE),
            Case(429, "", T, timedelta(minutes=3), {"Retry-After": "180"}),
            Case(500, {"status": "error"}, U),
        ),
        limit=512_000,
        robot="pagerduty",
    ),
    Kind(
        "alertmanager",
        lambda address: {"urls": [f"{address}/{CANARY}"], "headers": {"X-Key": f"{CANARY}-key"}},
        Case(200, "", D),
        (Case(400, '"bad request"', R), Case(500, '"internal"', U), Case(429, "", T, MINUTE)),
        body_decides=False,
        robot="alertmanager",
    ),
    Kind(
        "smn",
        lambda address: {"account": "prod", "topic": "fdi-alerts", "base_url": address},
        Case(200, {"request_id": "1", "message_id": "m-1"}, D),
        (
            Case(404, _smn("SMN.0006"), R),
            *(Case(400, _smn(code), R) for code in ("SMN.0005", "SMN.0021", "SMN.0032")),
            Case(400, _smn("SMN.0019"), U),
            Case(401, {"error_code": "APIGW.0301", "error_msg": "said"}, U),
            Case(403, {"error_code": "APIGW.0302", "error_msg": "said"}, R),
            Case(
                429,
                {"error_code": "APIGW.0308", "error_msg": "over ratelimit, limit:100,time:1 minute"},
                T,
                MINUTE,
            ),
            Case(200, {"request_id": "1"}, U),
        ),
        limit=256 * 1024,
        odd={401: U, **dict.fromkeys(range(300, 400), U)},
        robot="smn",
    ),
    Kind(
        "webhook",
        lambda address: {"url": f"{address}/{CANARY}", "headers": {"X-Key": f"{CANARY}-key"}, "secret": CANARY},
        Case(200, "", D),
        (Case(400, "", R), Case(404, "", R), Case(429, "", T, timedelta(seconds=7), {"Retry-After": "7"})),
        body_decides=False,
        robot="webhook",
    ),
    Kind(
        "webhook-own",
        lambda address: {
            "url": f"{address}/{CANARY}",
            "body": '{"text": {{ text|tojson }}}',
            "success_when": "status == 200 and body.code == 0",
            "retry_after": "body.wait",
        },
        Case(200, {"code": 0}, D),
        (
            Case(200, {"code": 5}, U),
            Case(200, {"code": 5, "wait": 30}, T, timedelta(seconds=30)),
            Case(400, {"code": 0}, R),
            Case(503, {"wait": 2.5}, T, timedelta(seconds=2.5)),
        ),
        robot="webhook",
    ),
)
BY_NAME = {kind.name: kind for kind in KINDS}
_NONE = Case(0, "", D)
OTHERS = (
    Kind("apprise", lambda _: {"urls": [f"json://{CANARY}"]}, _NONE),
    Kind("console", lambda _: {}, _NONE),
    Kind("email", lambda _: {"to": ["a@example.com", "王 <b@example.com>"]}, _NONE),
)
"""Kinds that do not speak HTTP themselves."""

if __name__ == "__main__":
    for one in (*KINDS, *OTHERS):
        (SNAPSHOTS / f"{one.name}.json").write_text(snapshots(one), encoding="utf-8")
