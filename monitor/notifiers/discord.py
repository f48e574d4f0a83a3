"""Discord: an embed to the webhook of a channel, which is kept up to date."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from monitor.message import Message
from monitor.notifiers import OptionsType
from monitor.notifiers.codes import Codes, seconds
from monitor.notifiers.dialect import calls
from monitor.notifiers.discord_embed import embed, news
from monitor.notifiers.fields import Mentions, Url
from monitor.notifiers.http import THROTTLE_WAIT
from monitor.notifiers.living import Call, Living, LivingOptions


def _code(answer: Any) -> Any:
    if isinstance(answer.get("id"), str):
        return "ok"
    return "limited" if "retry_after" in answer else answer.get("code")


CODES = Codes(
    code=_code,
    text=lambda answer: answer.get("message"),
    good={"ok"},
    too_fast={"limited"},
    wait=lambda answer: seconds(answer.get("retry_after")) or THROTTLE_WAIT,
    refusals={
        10015: "the webhook is not there any more ({code}): make a new one",
        50027: "the webhook's token is not valid ({code}): copy its address again",
        50035: "Discord does not take this message ({code})",
    },
)


class DiscordOptions(LivingOptions):
    """`discord:` in the policy. `at` are user ids, or `all`."""

    webhook: Url
    at: Mentions = ()


class Discord(Living):
    """Executes the webhook, edits what it posted, and says what is news in a message of its own."""

    Options: ClassVar[OptionsType] = DiscordOptions
    codes = CODES
    coded = frozenset({400, 401, 403, 404, 429})
    gone = frozenset({10008})

    @property
    def target(self) -> str:
        """A digest of the webhook's address, which holds its secret."""
        return hashlib.sha256(self._base().encode()).hexdigest()[:16]

    def payload(self, message: Message) -> dict[str, Any]:
        """The embed."""
        return {**self._called(message), "embeds": [embed(message)]}

    def post(self, message: Message) -> Call:
        """With `wait` the answer names the message."""
        return Call(f"{self._base()}?{self._query(wait='true')}", self.payload(message))

    def edit(self, message: Message, ref: str) -> Call:
        """Changes the embed, and calls nobody again."""
        address = f"{self._base()}/messages/{ref}?{self._query()}".rstrip("?")
        return Call(address, {"embeds": self.payload(message)["embeds"]}, "PATCH")

    def reply(self, message: Message, ref: str) -> Call:  # noqa: ARG002 - webhooks cannot answer a message
        """A line of its own."""
        called = self._called(message)
        content = "\n".join(filter(None, (called.get("content", ""), news(message))))
        return Call(f"{self._base()}?{self._query(wait='true')}", {**called, "content": content})

    def ref(self, answer: Any) -> str:
        """The message's id."""
        found = answer.get("id")
        return found if isinstance(found, str) and found.isalnum() else ""

    def _called(self, message: Message) -> dict[str, Any]:
        at = self._options.at if calls(message) else ()
        users = [one for one in at if one != "all"]
        allowed = {"parse": ["everyone"] if "all" in at else [], "users": users}
        texts = [*(["@everyone"] if "all" in at else []), *(f"<@{one}>" for one in users)]
        return {"allowed_mentions": allowed, **({"content": " ".join(texts)} if texts else {})}

    def _query(self, **more: str) -> str:
        """What stands behind the address, such as the thread of a forum that is written to, and this."""
        given = dict(parse_qsl(urlsplit(self._options.webhook.get_secret_value()).query))
        return urlencode({**given, **more})

    def _base(self) -> str:
        parts = urlsplit(self._options.webhook.get_secret_value())
        return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
