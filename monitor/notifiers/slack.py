"""Slack: an incoming webhook, or a bot that keeps one message for each group up to date."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from pydantic import Field, SecretStr, model_validator

from monitor.message import Message
from monitor.notifiers import OptionsType, Outcome, Verdict
from monitor.notifiers.codes import Codes
from monitor.notifiers.fields import Mentions, Url
from monitor.notifiers.http import Answer
from monitor.notifiers.living import Call, Living, LivingOptions
from monitor.notifiers.quoting import scrub
from monitor.notifiers.robot import Robot
from monitor.notifiers.slack_blocks import news, said

API = "https://slack.com/api"

CODES = Codes(
    code=lambda answer: "ok" if answer.get("ok") is True else answer.get("error"),
    text=lambda answer: answer.get("warning", ""),
    good={"ok"},
    too_fast={"ratelimited", "rate_limited", "message_limit_exceeded"},
    passing={"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"},
    refusals={
        "invalid_auth": "the token is not valid ({code}): copy the bot token again",
        "not_authed": "the token is missing ({code}): copy the bot token again",
        "token_revoked": "the token was revoked ({code}): install the app again and copy its bot token",
        "token_expired": "the token has expired ({code}): copy the bot token again",
        "account_inactive": "the token belongs to a deleted user or workspace ({code})",
        "missing_scope": "the bot lacks a permission ({code}): give it chat:write and install the app again",
        "channel_not_found": "the bot does not see this channel ({code}): invite it, or write the channel's id",
        "not_in_channel": "the bot is not in this channel ({code}): invite it",
        "is_archived": "the channel is archived ({code})",
        "msg_too_long": "the message is too long ({code})",
        "msg_blocks_too_long": "the message is too long ({code})",
    },
)
_TODO = {
    "no_service": "the webhook is not valid any more",
    "invalid_token": "the webhook is not valid any more",
    "channel_is_archived": "the channel is archived",
    "channel_not_found": "the channel is gone",
    "action_prohibited": "an administrator forbids it",
}


class SlackOptions(LivingOptions):
    """`slack:` in the policy: `webhook`, or `token` and `channel` of a bot. `at` are user ids, `here` or `all`."""

    webhook: Url | None = None
    token: SecretStr = SecretStr("")
    channel: str = Field(default="", max_length=100)
    at: Mentions = ()
    base_url: Url = SecretStr(API)

    @property
    def tells_acks(self) -> bool:
        """A webhook cannot change what it posted."""
        return self.webhook is None

    @model_validator(mode="after")
    def _one_way(self) -> SlackOptions:
        bot = (bool(self.token.get_secret_value()), bool(self.channel))
        if (self.webhook is None) is not all(bot) or (self.webhook is not None and any(bot)):
            raise ValueError("write either `webhook`, or `token` and `channel`")
        return self


class Slack(Living):
    """Posts blocks beside a coloured bar. A bot edits; a webhook only posts, for its answer names no message."""

    Options: ClassVar[OptionsType] = SlackOptions
    codes = CODES
    gone = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})

    @property
    def target(self) -> str:
        """The channel as the policy names it."""
        return str(self._options.channel).replace(" ", "_")

    def payload(self, message: Message) -> dict[str, Any]:
        """The message, for a bot with its channel."""
        channel = {"channel": self._options.channel} if self._options.channel else {}
        return {**channel, **said(message, self._options.at)}

    def headers(self, body: bytes, message: Message) -> dict[str, str]:  # noqa: ARG002 - they do not depend on it
        """A bot's token."""
        token = self._options.token.get_secret_value()
        return {"Authorization": f"Bearer {token}"} if token else {}

    async def send(self, message: Message) -> Verdict:
        """One try."""
        return await (Robot.send(self, message) if self._options.webhook else super().send(message))

    def post(self, message: Message) -> Call:
        """`chat.postMessage`."""
        return self._call("chat.postMessage", self.payload(message))

    def edit(self, message: Message, ref: str) -> Call:
        """`chat.update`, which wants the channel's id."""
        channel, _, stamp = ref.partition(":")
        return self._call("chat.update", {**self.payload(message), "channel": channel, "ts": stamp})

    def reply(self, message: Message, ref: str) -> Call:
        """In the message's thread, and shown in the channel."""
        channel, _, stamp = ref.partition(":")
        thread = {"channel": channel, "thread_ts": stamp, "reply_broadcast": True}
        return self._call("chat.postMessage", {**thread, **news(message, self._options.at)})

    def ref(self, answer: Any) -> str:
        """The channel's id and the message's time stamp."""
        channel, stamp = answer.get("channel"), answer.get("ts")
        return f"{channel}:{stamp}" if isinstance(channel, str) and isinstance(stamp, str) else ""

    def judge(self, answer: Answer) -> Verdict:
        """Of a webhook: the text `ok`, or one word that says what is wrong."""
        if self._options.webhook is None:
            return super().judge(answer)
        text = answer.body.decode(errors="replace").strip()
        if answer.status == 200:
            return (
                Verdict(Outcome.DELIVERED) if text == "ok" else Verdict(Outcome.UNREACHABLE, "HTTP 200 without an ok")
            )
        by_status = super().judge(answer)
        word = text if re.fullmatch(r"[a-z_]{1,60}", text) else ""
        if by_status.outcome is not Outcome.REFUSED or not word:
            return by_status
        todo = f": {_TODO[word]}" if word in _TODO else ""
        return Verdict(Outcome.REFUSED, scrub(f"HTTP {answer.status} {word}", *self.secrets()) + todo)

    def _call(self, method: str, body: dict[str, Any]) -> Call:
        return Call(f"{self._options.base_url.get_secret_value().rstrip('/')}/{method}", body)
