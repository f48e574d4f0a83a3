"""DingTalk: a custom robot of a group (signed in the address), or the robot of an internal application."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from pydantic import Field, SecretStr, model_validator

from monitor.message import Message
from monitor.notifiers import Options, OptionsType, Tools, Verdict
from monitor.notifiers.codes import Codes, number_at, seconds, text_at
from monitor.notifiers.dingtalk_app import API, AppRobot
from monitor.notifiers.dingtalk_text import card, markdown
from monitor.notifiers.fields import Keyword, Mentions, Url
from monitor.notifiers.robot import Robot
from monitor.notifiers.signatures import base64_hmac

_PENALTY = timedelta(minutes=10)
"""How long a robot is mute after its 21st message of a minute, where the answer does not say."""
_APP = ("app_key", "app_secret", "robot_code", "conversation")

CODES = Codes(
    code=number_at("errcode"),
    text=text_at("errmsg"),
    good={0},
    too_fast={130101, 90030},
    passing={-1},
    wait=lambda answer: seconds(answer.get("wait")) or _PENALTY,
    refusals={
        310000: "keyword, signature or address is refused ({code}): check `secret` or `keyword`, this machine's clock, "
        "and the robot's IP list",
        300001: "the robot's token is not valid ({code}): copy its webhook address again",
        300005: "the robot's token is not valid ({code}): copy its webhook address again",
        460101: "the message is too long ({code})",
        101002: "the message is too long ({code})",
    },
)


class DingtalkOptions(Options):
    """`dingtalk:` in the policy: `webhook` of a custom robot, or the four of an internal application's robot.

    `at` are mobile numbers, user ids, or `all`. `keyword` is a word that the robot asks for in every message.
    With `card` buttons are drawn as such; DingTalk calls nobody in such messages.
    """

    webhook: Url | None = None
    secret: SecretStr = SecretStr("")
    at: Mentions = ()
    keyword: Keyword = ""
    card: bool = False
    app_key: str = ""
    app_secret: SecretStr = SecretStr("")
    robot_code: str = ""
    conversation: str = Field(default="", description="The group's openConversationId.")
    base_url: Url = SecretStr(API)

    @model_validator(mode="after")
    def _one_robot(self) -> DingtalkOptions:
        given = [bool(self.app_key), bool(self.app_secret.get_secret_value()), bool(self.robot_code)]
        given.append(bool(self.conversation))
        if (self.webhook is None) is not all(given) or (self.webhook is not None and any(given)):
            raise ValueError(f"write either `webhook` of a custom robot, or all of {', '.join(_APP)}")
        if self.card and self.at:
            raise ValueError("DingTalk calls nobody in cards: write `card` or `at`")
        return self


class Dingtalk(Robot):
    """Posts markdown, or an action card."""

    Options: ClassVar[OptionsType] = DingtalkOptions
    codes = CODES

    def __init__(self, options: DingtalkOptions, tools: Tools) -> None:
        super().__init__(options, tools)
        self._app = None if options.webhook else AppRobot(self, options, tools)

    def payload(self, message: Message) -> dict[str, Any]:
        """The message, without the signature."""
        given = self._options
        build = card if given.card else markdown
        wrap = self._app.wrapped if self._app else dict
        return build(message, at=given.at, keyword=given.keyword, wrap=wrap)

    def url(self) -> SecretStr:
        """The robot's address, signed with the milliseconds of the clock where there is a secret."""
        address, secret = self._options.webhook.get_secret_value(), self._options.secret.get_secret_value()
        if not secret:
            return SecretStr(address)
        stamp = str(int(self._tools.now().timestamp() * 1000))
        joint = "&" if "?" in address else "?"
        return SecretStr(f"{address}{joint}timestamp={stamp}&sign={quote(sign(stamp, secret), safe='')}")

    async def send(self, message: Message) -> Verdict:
        """One try."""
        return await (self.bounded(self._app.send(message)) if self._app else super().send(message))


def sign(milliseconds: str, secret: str) -> str:
    """The signature of the documentation, before it is quoted: the key is the secret."""
    return base64_hmac(secret.encode(), f"{milliseconds}\n{secret}".encode())
