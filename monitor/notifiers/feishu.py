"""Feishu and Lark: a card sent to a custom bot of a group."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import SecretStr

from monitor.message import Message
from monitor.notifiers import Options, OptionsType, Outcome, Tools, Verdict, http
from monitor.notifiers.card import encoded, fitting
from monitor.notifiers.fields import Url
from monitor.notifiers.quoting import scrub

BODY_LIMIT = 20_000
"""Bytes of the whole request."""
_SIGNATURE = 200
"""Bytes kept free for the time stamp and the signature."""

_REFUSALS = {
    9499: "the bot does not take this request (9499): check that the address is that of a custom bot",
    19001: "the bot's address is not valid (19001): copy its webhook address again",
    19021: "the signature is refused (19021): check the bot's secret and this machine's clock",
    19022: "this machine's address is refused (19022): add it to the bot's IP list",
    19024: "the keyword is missing (19024): add a word of every message, such as FIRING, to the bot's keywords",
}
_TOO_FAST = 11232


class FeishuOptions(Options):
    """`feishu:` or `lark:` in the policy. An empty `secret` is none."""

    webhook: Url
    secret: SecretStr = SecretStr("")


class Feishu:
    """Posts a card to `webhook`, signed where there is a secret."""

    Options: ClassVar[OptionsType] = FeishuOptions

    def __init__(self, options: FeishuOptions, tools: Tools) -> None:
        self._options = options
        self._tools = tools

    def payload(self, message: Message) -> dict[str, Any]:
        """The card, without the signature."""
        return fitting(message, BODY_LIMIT - _SIGNATURE)

    async def send(self, message: Message) -> Verdict:
        """One try."""
        body = self.payload(message)
        secret = self._options.secret.get_secret_value()
        if secret:
            seconds = str(int(self._tools.now().timestamp()))
            body = {"timestamp": seconds, "sign": sign(seconds, secret), **body}
        answer = await http.post(
            self._tools,
            self._options.webhook,
            body=encoded(body),
            headers={"Idempotency-Key": message.notification.id},
            within=self._options.timeout,
        )
        if isinstance(answer, Verdict):
            return answer
        verdict = http.by_status(answer, self._tools.now())
        if verdict is None or answer.status == 400:
            return self._read(answer.body) or verdict or Verdict(Outcome.UNREACHABLE, "HTTP 200 without a code")
        return verdict

    def _read(self, body: bytes) -> Verdict | None:
        """The verdict of the answer's `code`; None if it has none."""
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            return None
        code = answer.get("code", answer.get("StatusCode")) if isinstance(answer, dict) else None
        if not isinstance(code, int) or isinstance(code, bool):
            return None
        if code == 0:
            return Verdict(Outcome.DELIVERED, "code 0")
        if code == _TOO_FAST:
            return Verdict(Outcome.THROTTLED, f"too many messages ({code})", http.THROTTLE_WAIT)
        token = urlsplit(self._options.webhook.get_secret_value()).path.rpartition("/")[2]
        said = scrub(str(answer.get("msg", "")), token, self._options.secret.get_secret_value())
        return Verdict(Outcome.REFUSED, _REFUSALS.get(code, f"code {code}: {said}"))


class Lark(Feishu):
    """The same bot outside China."""


def sign(seconds: str, secret: str) -> str:
    """The signature of the documentation: the key is time stamp and secret, the message is empty."""
    digest = hmac.new(f"{seconds}\n{secret}".encode(), b"", hashlib.sha256).digest()
    return base64.b64encode(digest).decode()
