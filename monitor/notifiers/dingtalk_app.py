"""The robot of a DingTalk internal application: a token for the application, then the message to one conversation."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from monitor.message import Message
from monitor.notifiers import Outcome, Tools, Verdict, http
from monitor.notifiers.codes import parsed, seconds
from monitor.notifiers.dialect import encoded
from monitor.notifiers.http import Answer
from monitor.notifiers.quoting import scrub

if TYPE_CHECKING:
    from monitor.notifiers.robot import Robot

API = "https://api.dingtalk.com"
_TOKEN_HEADER = "x-acs-dingtalk-access-token"  # noqa: S105 - the header's name
_EARLY = timedelta(minutes=5)
"""A token is renewed this long before it ends."""
_THROTTLED = ("QpsLimit", "throttl", "TooManyRequests", "FlowLimit")


class AppRobot:
    """Asks as `robot` does, and judges by status and by the texts that DingTalk's newer API has for codes."""

    def __init__(self, robot: Robot, options: Any, tools: Tools) -> None:
        self._robot = robot
        self._options = options
        self._tools = tools
        self._token = ""
        self._until: float | None = None

    def wrapped(self, body: dict[str, Any]) -> dict[str, Any]:
        """The message of a custom robot as that of an application's: markdown, or a card with a link."""
        inner = body.get("markdown") or body["actionCard"]
        shown = {"title": inner["title"], "text": inner["text"]}
        key = "sampleMarkdown"
        if buttons := inner.get("btns"):
            key = f"sampleActionCard{len(buttons)}" if len(buttons) > 1 else "sampleActionCard"
            shown |= _buttons(buttons)
        return {
            "robotCode": self._options.robot_code,
            "openConversationId": self._options.conversation,
            "msgKey": key,
            "msgParam": json.dumps(shown, ensure_ascii=False),
        }

    async def send(self, message: Message) -> Verdict:
        """One try; a token that is refused is renewed once."""
        verdict = Verdict(Outcome.UNREACHABLE)
        for _ in range(2):
            refused = await self._renew(message)
            if refused:
                return refused
            url = self._at("/v1.0/robot/groupMessages/send")
            body = encoded(self._robot.payload(message))
            answer = await self._robot.ask(url, body, message, more={_TOKEN_HEADER: self._token})
            if not isinstance(answer, Answer):
                return answer
            verdict = self._judge(answer)
            if answer.status != 401 and "InvalidAuthentication" not in verdict.reason:
                return verdict
            self._until = None
        return verdict

    async def _renew(self, message: Message) -> Verdict | None:
        """Makes sure of a token that still lasts; the verdict where there is none to be had."""
        if self._until is not None and asyncio.get_running_loop().time() < self._until:
            return None
        given = {"appKey": self._options.app_key, "appSecret": self._options.app_secret.get_secret_value()}
        answer = await self._robot.ask(self._at("/v1.0/oauth2/accessToken"), encoded(given), message)
        if not isinstance(answer, Answer):
            return answer
        told = parsed(answer.body)
        token = told.get("accessToken") if isinstance(told, dict) else None
        if answer.status == 200 and isinstance(token, str) and token.isascii() and token.isprintable() and token:
            lasts = seconds(told.get("expireIn")) or timedelta()
            lasts = max(lasts - _EARLY, timedelta(seconds=1))
            self._token, self._until = token, asyncio.get_running_loop().time() + lasts.total_seconds()
            return None
        verdict = self._judge(answer)
        if verdict.outcome is not Outcome.DELIVERED:
            return verdict
        return Verdict(Outcome.UNREACHABLE, "DingTalk gave no token")

    def _judge(self, answer: Answer) -> Verdict:
        verdict = http.by_status(answer, self._tools.now())
        told = parsed(answer.body)
        told = told if isinstance(told, dict) else {}
        if verdict is None:
            if told.get("processQueryKey") or told.get("accessToken"):
                return Verdict(Outcome.DELIVERED, "accepted")
            return Verdict(Outcome.UNREACHABLE, f"HTTP {answer.status} without a code")
        code = told.get("code")
        if not isinstance(code, str) or not 400 <= answer.status < 500:
            return verdict
        if any(word in code for word in _THROTTLED):
            return Verdict(Outcome.THROTTLED, f"too many messages ({scrub(code)})", verdict.wait or http.THROTTLE_WAIT)
        secrets = (*self._robot.secrets(), self._token)
        return Verdict(verdict.outcome, scrub(f"{code}: {told.get('message', '')}", *secrets), verdict.wait)

    def _at(self, path: str) -> SecretStr:
        return SecretStr(self._options.base_url.get_secret_value().rstrip("/") + path)


def _buttons(buttons: list[dict[str, str]]) -> dict[str, str]:
    if len(buttons) == 1:
        return {"singleTitle": buttons[0]["title"], "singleURL": buttons[0]["actionURL"]}
    found: dict[str, str] = {}
    for number, button in enumerate(buttons, start=1):
        found |= {f"actionTitle{number}": button["title"], f"actionURL{number}": button["actionURL"]}
    return found
