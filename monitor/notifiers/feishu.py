"""Feishu and Lark: a card sent to a custom bot of a group."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from pydantic import SecretStr

from monitor.message import Message
from monitor.notifiers import Options, OptionsType, Outcome, Verdict
from monitor.notifiers.card import fitting
from monitor.notifiers.codes import Codes, number_at, text_at
from monitor.notifiers.fields import Keyword, Mentions, Url
from monitor.notifiers.http import Answer, retry_after
from monitor.notifiers.robot import Robot
from monitor.notifiers.signatures import base64_hmac

BODY_LIMIT = 20_000
"""Bytes of the whole request."""
_SIGNATURE = 200
"""Bytes kept free for the time stamp and the signature."""

CODES = Codes(
    code=number_at("code", "StatusCode"),
    text=text_at("msg"),
    good={0},
    too_fast={11232},
    refusals={
        9499: "the bot does not take this request ({code}): check that the address is that of a custom bot",
        19001: "the bot's address is not valid ({code}): copy its webhook address again",
        19021: "the signature is refused ({code}): check the bot's secret and this machine's clock",
        19022: "this machine's address is refused ({code}): add it to the bot's IP list",
        19024: "the keyword is missing ({code}): write one of the bot's keywords as `keyword`",
    },
)


class FeishuOptions(Options):
    """`feishu:` or `lark:` in the policy. An empty `secret` is none; `at` are open ids, or `all`.

    `keyword` is a word that the bot asks for in every message.
    """

    webhook: Url
    secret: SecretStr = SecretStr("")
    at: Mentions = ()
    keyword: Keyword = ""


class Feishu(Robot):
    """Posts a card to `webhook`, signed where there is a secret."""

    Options: ClassVar[OptionsType] = FeishuOptions
    codes = CODES

    def payload(self, message: Message) -> dict[str, Any]:
        """The card, without the signature."""
        return fitting(message, BODY_LIMIT - _SIGNATURE, self._options.at, self._options.keyword)

    def judge(self, answer: Answer) -> Verdict:
        """By the code; the gateway in front of the bots names its waiting time in a header of its own."""
        verdict = super().judge(answer)
        asked = retry_after(answer.headers.get("x-ogw-ratelimit-reset", ""), self._tools.now())
        return replace(verdict, wait=asked) if verdict.outcome is Outcome.THROTTLED and asked else verdict

    def sealed(self, body: dict[str, Any]) -> dict[str, Any]:
        """Time stamp and signature stand before the message."""
        secret = self._options.secret.get_secret_value()
        if not secret:
            return body
        seconds = str(int(self._tools.now().timestamp()))
        return {"timestamp": seconds, "sign": sign(seconds, secret), **body}


class Lark(Feishu):
    """The same bot outside China."""


def sign(seconds: str, secret: str) -> str:
    """The signature of the documentation: the key is time stamp and secret, the message is empty."""
    return base64_hmac(f"{seconds}\n{secret}".encode(), b"")
