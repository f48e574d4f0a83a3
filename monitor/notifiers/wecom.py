"""WeCom: markdown to the robot of a group, within 4,096 bytes."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import model_validator

from monitor.message import Colour, Message
from monitor.notifiers import Options, OptionsType
from monitor.notifiers.codes import Codes, number_at, text_at
from monitor.notifiers.dialect import Cut, Dialect, bold, calls, fitting, font, linked
from monitor.notifiers.fields import Mentions, Url
from monitor.notifiers.robot import Robot

LIMIT = 4096
"""Bytes of the markdown."""
_JOINER = "\u2060"
_INKS = {Colour.RED: "warning", Colour.ORANGE: "warning", Colour.BLUE: "comment", Colour.GREEN: "info"}
"""WeCom has three colours of its own: orange red, green and grey."""

CODES = Codes(
    code=number_at("errcode"),
    text=text_at("errmsg"),
    good={0},
    too_fast={45009, 45033},
    passing={-1},
    refusals={
        93000: "the robot's key is not valid ({code}): copy its webhook address again",
        93004: "the robot was switched off ({code}): add a new one to the group",
        93008: "the robot is no longer in the group ({code}): add it again",
        40058: "the message is too long or not markdown ({code})",
        45002: "the message is too long ({code})",
    },
)


class WecomOptions(Options):
    """`wecom:` in the policy. `at` are user ids; WeCom's markdown cannot call all."""

    webhook: Url
    at: Mentions = ()

    @model_validator(mode="after")
    def _somebody(self) -> WecomOptions:
        if "all" in self.at:
            raise ValueError("WeCom's markdown cannot call all: name users by their ids")
        return self


class Wecom(Robot):
    """Posts markdown."""

    Options: ClassVar[OptionsType] = WecomOptions
    codes = CODES

    def payload(self, message: Message) -> dict[str, Any]:
        """The markdown, counted in bytes of UTF-8."""

        def build(cut: Cut) -> str:
            title = font(_INKS[message.colour], f"**{escape(cut.text(message.title))}**")
            called = " ".join(f"<@{one}>" for one in self._options.at if calls(message))
            after = (DIALECT.links(message) if len(DIALECT.links(message)) < LIMIT // 4 else "", called)
            end = "\n".join((*filter(None, after), DIALECT.footer(message)))
            return "\n\n".join((title, *DIALECT.paragraphs(message, cut), end))

        text = fitting(message, build, lambda text: len(text.encode()) <= LIMIT)
        return {"msgtype": "markdown", "markdown": {"content": text}}


def escape(text: str) -> str:
    """`text` without markup. WeCom has no escapes but those of `<`: pairs that would mark up are kept apart."""
    for pair in ("**", "]("):
        while pair in text:
            text = text.replace(pair, f"{pair[0]}{_JOINER}{pair[1]}")
    shown = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "'")
    return f"{_JOINER}{shown}" if shown.startswith(("#", "&gt;")) else shown


DIALECT = Dialect(
    escape=escape,
    bold=bold,
    paint=lambda colour, text: font(_INKS[colour], text),
    faint=lambda text: font("comment", text),
    link=linked,
)
