"""Telegram: HTML to a chat, which is kept up to date."""

from __future__ import annotations

from html import escape
from typing import Annotated, Any, ClassVar
from urllib.parse import quote

from pydantic import SecretStr

from monitor.message import Message
from monitor.notifiers import OptionsType, Tools, Verdict
from monitor.notifiers.codes import Codes, seconds
from monitor.notifiers.dialect import DOTS, Cut, Dialect, calls, fitting
from monitor.notifiers.fields import Mentions, Url, Written
from monitor.notifiers.http import THROTTLE_WAIT
from monitor.notifiers.living import Call, Living, LivingOptions

API = "https://api.telegram.org"
LIMIT = 4096
"""Letters as UTF-16 counts them; Telegram counts them without the tags."""

_SAME = (
    "specified new message content and reply markup are exactly the same as a current content and reply markup of the "
    "message"
)


def _description(answer: Any) -> Any:
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
    code=_description,
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


DIALECT = Dialect(
    escape=lambda text: escape(text, quote=False),
    bold=lambda text: f"<b>{text}</b>",
    paint=lambda colour, text: f"{DOTS[colour]} {text}",
    faint=lambda text: f"<i>{text}</i>",
    link=lambda text, url: f'<a href="{escape(url)}">{text}</a>',
)


class Telegram(Living):
    """Sends, edits and replies as a bot."""

    Options: ClassVar[OptionsType] = TelegramOptions
    codes = CODES
    coded = frozenset({400, 401, 403, 404, 429})
    gone = frozenset({"message to edit not found", "message can't be edited"})

    unchanged = frozenset({"message is not modified", _SAME})

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
        return {**self._text(_html(message, self._options.at)), **thread, **silent}

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
        text = self._text(_html(message, self._options.at))
        return self._call("editMessageText", {**text, "message_id": int(ref) if ref.isdecimal() else 0})

    def reply(self, message: Message, ref: str) -> Call:
        """A line in answer to the message."""
        line = "\n".join(filter(None, (_title(message, message.title), DIALECT.escape(message.delta))))
        to = {"message_id": int(ref) if ref.isdecimal() else 0, "allow_sending_without_reply": True}
        return self._call("sendMessage", {**self._text(line), "reply_parameters": to})

    def ref(self, answer: Any) -> str:
        """The message's number; of an answer that sends the bot elsewhere none."""
        moved = answer.get("parameters")
        if isinstance(moved, dict) and isinstance(to := moved.get("migrate_to_chat_id"), int):
            self._chat = str(to)
        result = answer.get("result")
        number = result.get("message_id") if isinstance(result, dict) else None
        return str(number) if isinstance(number, int) else ""

    def _text(self, html: str) -> dict[str, Any]:
        return {
            "chat_id": self._chat,
            "text": html,
            "parse_mode": "HTML",
            "link_preview_options": {"is_disabled": True},
        }

    def _call(self, method: str, body: dict[str, Any]) -> Call:
        token = quote(self._options.token.get_secret_value(), safe=":")
        return Call(f"{self._options.base_url.get_secret_value().rstrip('/')}/bot{token}/{method}", body)


def _title(message: Message, title: str) -> str:
    return f"{DOTS[message.colour]} {DIALECT.bold(DIALECT.escape(title))}"


def _html(message: Message, at: tuple[str, ...]) -> str:
    called = " ".join(f"@{one.lstrip('@')}" for one in at) if calls(message) else ""

    def build(cut: Cut) -> str:
        links = DIALECT.links(message) if len(DIALECT.links(message)) < LIMIT // 4 else ""
        texts = (_title(message, cut.text(message.title)), *DIALECT.paragraphs(message, cut), called, links)
        return "\n\n".join(filter(None, (*texts, DIALECT.footer(message))))

    return fitting(message, build, lambda text: len(text.encode("utf-16-le", "replace")) // 2 <= LIMIT)
