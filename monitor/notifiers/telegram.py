"""Telegram: HTML to a chat, which is kept up to date."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar
from urllib.parse import quote

from pydantic import SecretStr

from monitor.message import Message
from monitor.notifiers import OptionsType, Tools, Verdict
from monitor.notifiers.fields import Mentions, Url, Written
from monitor.notifiers.living import Call, Living, LivingOptions
from monitor.notifiers.telegram_codes import CODES, SAME
from monitor.notifiers.telegram_text import html, news

API = "https://api.telegram.org"

Chat = Annotated[
    str,
    Written(
        r"-?[0-9]{1,20}|@[A-Za-z0-9_]{4,64}",
        "the number of a chat, such as -1001234567890, or the @name of a public channel",
        ("-1001234567890",),
    ),
]


class TelegramOptions(LivingOptions):
    """`telegram:` in the policy. `chat_id` is a number, or the @name of a public channel; `at` are @names."""

    token: SecretStr
    chat_id: Chat
    thread_id: int | None = None
    silent: bool = False
    at: Mentions = ()
    base_url: Url = SecretStr(API)


class Telegram(Living):
    """Sends, edits and replies as a bot."""

    Options: ClassVar[OptionsType] = TelegramOptions
    codes = CODES
    coded = frozenset({400, 401, 403, 404, 429})
    gone = frozenset({"message to edit not found", "message can't be edited"})

    unchanged = frozenset({"message is not modified", SAME})

    def __init__(self, options: TelegramOptions, tools: Tools) -> None:
        super().__init__(options, tools)
        self._chat = options.chat_id

    @property
    def target(self) -> str:
        """The chat as the policy names it."""
        return str(self._options.chat_id)

    def payload(self, message: Message) -> dict[str, Any]:
        """The body of `sendMessage`."""
        thread = {} if self._options.thread_id is None else {"message_thread_id": self._options.thread_id}
        silent = {"disable_notification": True} if self._options.silent else {}
        return {**self._text(html(message, self._options.at)), **thread, **silent}

    async def speak(self, message: Message) -> Verdict:
        """One try; a group that became a supergroup is followed to its new id."""
        before = self._chat
        verdict = await super().speak(message)
        return verdict if self._chat == before else await super().speak(message)

    def post(self, message: Message) -> Call:
        """`sendMessage`."""
        return self._call("sendMessage", self.payload(message))

    def edit(self, message: Message, ref: str) -> Call:
        """`editMessageText`."""
        said = self._text(html(message, self._options.at))
        return self._call("editMessageText", {**said, "message_id": int(ref) if ref.isdecimal() else 0})

    def reply(self, message: Message, ref: str) -> Call:
        """A line in answer to the message."""
        to = {"message_id": int(ref) if ref.isdecimal() else 0, "allow_sending_without_reply": True}
        return self._call("sendMessage", {**self._text(news(message)), "reply_parameters": to})

    def ref(self, answer: Any) -> str:
        """The message's number; of an answer that sends the bot elsewhere none."""
        moved = answer.get("parameters")
        if isinstance(moved, dict) and isinstance(to := moved.get("migrate_to_chat_id"), int):
            self._chat = str(to)
        result = answer.get("result")
        number = result.get("message_id") if isinstance(result, dict) else None
        return str(number) if isinstance(number, int) else ""

    def _text(self, text: str) -> dict[str, Any]:
        return {
            "chat_id": self._chat,
            "text": text,
            "parse_mode": "HTML",
            "link_preview_options": {"is_disabled": True},
        }

    def _call(self, method: str, body: dict[str, Any]) -> Call:
        token = quote(self._options.token.get_secret_value(), safe=":")
        return Call(f"{self._options.base_url.get_secret_value().rstrip('/')}/bot{token}/{method}", body)
