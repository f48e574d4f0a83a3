"""Huawei Cloud SMN: publishes to a topic, which passes it on by SMS, e-mail, and to chats."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from monitor.errors import DoorError, Refused, Throttled
from monitor.message import Message, plain
from monitor.notifiers import Options, OptionsType, Outcome, Tools, Verdict
from monitor.notifiers.codes import parsed
from monitor.notifiers.dialect import encoded
from monitor.notifiers.fields import Url, Written
from monitor.notifiers.quoting import scrub
from monitor.writing import clean

SUBJECT, TEXT, SMS = 512, 200_000, 490
"""Bytes of the subject and of the text (256 KB are documented); letters of an SMS."""


Topic = Annotated[
    str,
    Written(
        r"(urn:smn:[A-Za-z0-9_-]+:[A-Za-z0-9]+:)?[A-Za-z0-9_-]{1,255}",
        "a topic's name, such as fdi-alerts, or its URN, such as urn:smn:cn-north-4:PROJECT:fdi-alerts",
        ("fdi-alerts",),
    ),
]


class SmnOptions(Options):
    """`smn:` in the policy. `account` is one of the policy, `topic` the topic's name or URN.

    Of partner clouds `base_url` is what precedes `/v2`.
    """

    account: str
    topic: Topic
    base_url: Url | None = Field(default=None)


class Smn:
    """Publishes with the credentials of an account. 200 means stored; SMN tells nobody whether it was delivered."""

    Options: ClassVar[OptionsType] = SmnOptions

    def __init__(self, options: SmnOptions, tools: Tools) -> None:
        self._options = options
        self._topics = tools.topics.get(options.account)

    def payload(self, message: Message) -> dict[str, Any]:
        """Subject, text and attributes; SMS have a text of their own, for they refuse brackets and length."""
        said = message.notification
        structure = {"default": within(plain(message), TEXT), "sms": _sms(message)}
        return {
            "subject": within(message.title, SUBJECT),
            "message_structure": encoded(structure).decode(),
            "message_attributes": [
                {"name": "severity", "type": "STRING", "value": str(said.severity)},
                {"name": "status", "type": "STRING", "value": "firing" if said.firing else "resolved"},
                {"name": "id", "type": "STRING", "value": said.id[:32]},
            ],
        }

    async def send(self, message: Message) -> Verdict:
        """One try."""
        if self._topics is None:
            return Verdict(Outcome.REFUSED, f"the policy has no account {self._options.account}")
        base = self._options.base_url.get_secret_value() if self._options.base_url else ""
        within_time = self._options.timeout
        try:
            body = await self._topics.publish(
                self._options.topic, encoded(self.payload(message)), base_url=base, within=within_time
            )
        except Throttled as error:
            return Verdict(Outcome.THROTTLED, error.reason, error.wait)
        except DoorError as error:
            return Verdict(_outcome(error), error.reason)
        told = parsed(body)
        known = told.get("message_id") if isinstance(told, dict) else None
        if not isinstance(known, str) or not known:
            return Verdict(Outcome.UNREACHABLE, "the answer names no message")
        return Verdict(Outcome.DELIVERED, f"stored as {scrub(known)}")


def within(text: str, size: int) -> str:
    """`text` in at most `size` bytes of UTF-8, cut at a character."""
    raw = text.encode(errors="replace")
    return raw.decode() if len(raw) <= size else raw[: size - 3].decode(errors="ignore") + "…"


def _sms(message: Message) -> str:
    text = " ".join((message.title, message.delta, *(entry.headline for entry in message.entries)))
    for letter in "[]【】":
        text = text.replace(letter, " ")
    return clean(text, SMS)


def _outcome(error: DoorError) -> Outcome:
    # Credentials may be mended or come back (IAM down, a locked key): what waits is not lost meanwhile.
    return Outcome.REFUSED if isinstance(error, Refused) else Outcome.UNREACHABLE
