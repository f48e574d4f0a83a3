"""The robots of DingTalk's internal applications: a token first, then messages to a group by its id; real statuses."""

from __future__ import annotations

import json
from typing import Any

from monitor.simulator.card import Button, Card
from monitor.simulator.quota import Limit, Quota
from monitor.simulator.robots import Answer, Arrival
from monitor.simulator.robots.coded import known, texts
from monitor.simulator.robots.dingtalk import shown

LIFE = 7200
"""Seconds."""
_TOKEN_PATH = "oauth2/accessToken"  # noqa: S105 - a path
_REFUSALS = {
    "InvalidAuthentication": (400, "不合法的access_token"),
    "invalidClientIdOrSecret": (400, "无效的clientId或者clientSecret"),
    "resource.not.found": (404, "robot 不存在"),
    "miss.param": (400, "robotCode, openConversationId, msgKey and msgParam are needed"),
    "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi": (403, "应用调用该接口的qps超过限制"),
    "ServiceUnavailable": (503, "服务不可用"),
}


class DingtalkApp:
    """One application for each address; those with a secret want it for a token."""

    kind = "dingtalk-app"
    routes: tuple[str, ...] = (
        "/dingtalk-app/{address}/v1.0/oauth2/accessToken",
        "/dingtalk-app/{address}/v1.0/robot/groupMessages/send",
    )

    def __init__(self) -> None:
        self._secrets: dict[str, str] = {}
        self._tokens: dict[str, float] = {}
        self._quota = Quota(Limit(20, 1))

    def protect(self, address: str, secret: str) -> None:
        self._secrets[address] = secret

    def refusal(self, code: str) -> Answer:
        status, text = known(self.kind, _REFUSALS, code)
        return Answer(status, {"code": code, "message": text, "requestid": "0"}, f"{code} {text}")

    def judge(self, arrival: Arrival) -> Answer:
        """A token, or a message."""
        body = arrival.json()
        at = arrival.at.timestamp()
        if arrival.path.endswith(_TOKEN_PATH):
            return self._token(arrival.address, body, at)
        shown_token = arrival.headers.get("x-acs-dingtalk-access-token", "")
        if self._tokens.get(shown_token, 0) <= at:
            return self.refusal("InvalidAuthentication")
        if not all(texts(body, key) for key in ("robotCode", "openConversationId", "msgKey", "msgParam")):
            return self.refusal("miss.param")
        if not isinstance(_param(body), dict):
            return self.refusal("miss.param")
        if self._quota.take(at):
            return self.refusal("Forbidden.AccessDenied.QpsLimitForAppkeyAndApi")
        return Answer(200, {"processQueryKey": f"query-{len(self._tokens)}"})

    def card(self, body: Any) -> Card:
        param = _param(body)
        pairs = [(param.get("singleTitle"), param.get("singleURL"))]
        pairs += [(param.get(f"actionTitle{number}"), param.get(f"actionURL{number}")) for number in range(1, 6)]
        buttons = tuple(Button(str(text), str(url)) for text, url in pairs if text and url)
        return shown(texts(param, "text"), buttons, [])

    def _token(self, address: str, body: Any, at: float) -> Answer:
        secret = self._secrets.get(address)
        if not texts(body, "appKey") or (secret and texts(body, "appSecret") != secret):
            refused = self.refusal("invalidClientIdOrSecret")
            return Answer(refused.status, refused.body, refused.reason, shown=False)
        token = f"token-{len(self._tokens)}"
        self._tokens[token] = at + LIFE
        return Answer(200, {"accessToken": token, "expireIn": LIFE}, shown=False)


def _param(body: Any) -> Any:
    try:
        return json.loads(texts(body, "msgParam"))
    except ValueError:
        return None
