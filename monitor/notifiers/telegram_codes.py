"""What Telegram's answers mean: it says in words what others say by numbers. Pure."""

from __future__ import annotations

from typing import Any

from monitor.notifiers.codes import Codes, seconds
from monitor.notifiers.http import THROTTLE_WAIT

SAME = (
    "specified new message content and reply markup are exactly the same as a current content and reply markup of the "
    "message"
)


def _code(answer: Any) -> Any:
    """What Telegram says, its only code: `ok`, or the text after `Bad Request: `."""
    if answer.get("ok") is True:
        return "ok"
    if answer.get("error_code") == 429:
        return "429"
    text = answer.get("description")
    return text.rpartition(": ")[2] if isinstance(text, str) else None


def _asked(answer: Any) -> Any:
    given = answer.get("parameters")
    return (seconds(given.get("retry_after")) if isinstance(given, dict) else None) or THROTTLE_WAIT


CODES = Codes(
    code=_code,
    text=lambda answer: answer.get("error_code"),
    good={"ok"},
    too_fast={"429"},
    wait=_asked,
    refusals={
        "Unauthorized": "the token is not valid: copy it from @BotFather again",
        "Not Found": "the token is not valid: copy it from @BotFather again",
        "chat not found": "the bot does not know this chat: write to it there once, and check `chat_id`",
        "bot was blocked by the user": "the user has blocked the bot",
        "bot was kicked from the group chat": "the bot is no longer in the group: add it again",
        "bot was kicked from the supergroup chat": "the bot is no longer in the group: add it again",
        "message is too long": "the message is too long",
    },
)
