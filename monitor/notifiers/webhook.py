"""Webhook: Alertmanager's body (version 4), or one of the operator's own, to any address."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, SecretStr, model_validator

from monitor.message import Message
from monitor.notifiers import Options, OptionsType, Outcome, Tools, Verdict, http
from monitor.notifiers.codes import parsed, seconds
from monitor.notifiers.fields import Headers, Url
from monitor.notifiers.http import THROTTLE_WAIT, Answer
from monitor.notifiers.own_body import PREVIEW, names
from monitor.notifiers.own_body import template as body_template
from monitor.notifiers.prometheus import version4
from monitor.notifiers.question import Question
from monitor.notifiers.robot import Robot
from monitor.notifiers.standard import key_of, signed
from monitor.textfault import TextFault

_WORD = re.compile(r"^\s*-?\d+(\.\d+)?\s*$")


def _question(text: str) -> str:
    if text:
        _placed(partial(Question, text))
    return text


def _template(text: str) -> str:
    if text:
        _placed(lambda: body_template(text).render(PREVIEW))
    return text


def _secret(value: SecretStr) -> SecretStr:
    key_of(value.get_secret_value())
    return value


def _placed(make: Callable[[], object]) -> None:
    try:
        make()
    except TextFault as fault:
        raise ValueError(f"column {fault.column}: {fault.message}") from None


class WebhookOptions(Options):
    """`webhook:` in the policy.

    `body` is a template; `success_when` and `retry_after` are expressions over `status`, `headers` (names in lower
    case) and `body` of the answer. With `secret` requests are signed as Standard Webhooks says.
    """

    url: Url
    headers: Headers = Field(default_factory=dict)
    body: Annotated[str, AfterValidator(_template)] = ""
    success_when: Annotated[str, AfterValidator(_question)] = ""
    retry_after: Annotated[str, AfterValidator(_question)] = ""
    secret: Annotated[SecretStr, AfterValidator(_secret)] = SecretStr("")

    @model_validator(mode="after")
    def _is_json(self) -> WebhookOptions:
        """A body that is to be JSON must be JSON also where texts have quotes and line ends in them."""
        if self.body and "content-type" not in map(str.lower, self.headers):
            text = body_template(self.body).render(PREVIEW)
            if parsed(text.encode()) is None:
                raise ValueError(
                    "body does not give JSON where texts have quotation marks: write {{ title|tojson }}; or set the "
                    "header Content-Type to what it gives"
                )
        return self


class Webhook(Robot):
    """Posts to `url`; any 2xx is success, unless `success_when` says otherwise."""

    Options: ClassVar[OptionsType] = WebhookOptions

    def __init__(self, options: WebhookOptions, tools: Tools) -> None:
        super().__init__(options, tools)
        self._body = body_template(options.body) if options.body else None
        self._success = Question(options.success_when) if options.success_when else None
        self._wait = Question(options.retry_after) if options.retry_after else None

    def payload(self, message: Message) -> Any:
        """Alertmanager's body, or the text of the policy's template. TextFault if that cannot be filled in."""
        return self._body.render(names(message)) if self._body else version4(message)

    def url(self) -> SecretStr:
        """The address of the policy."""
        address: SecretStr = self._options.url
        return address

    def headers(self, body: bytes, message: Message) -> dict[str, str]:
        """Those of the policy, and the signature."""
        own = {name: value.get_secret_value() for name, value in self._options.headers.items()}
        secret = self._options.secret.get_secret_value()
        return {**own, **(signed(secret, message.notification.id, self._tools.now(), body) if secret else {})}

    async def send(self, message: Message) -> Verdict:
        """One try."""
        try:
            body = self.payload(message)
        except TextFault as fault:
            return Verdict(Outcome.REFUSED, f"`body` of this receiver, column {fault.column}: {fault.message}")
        text = body if self._body else json.dumps(body, ensure_ascii=False, separators=(",", ":")) + "\n"
        answer = await self.ask(self.url(), text.encode(errors="replace"), message)
        return self.judge(answer) if isinstance(answer, Answer) else answer

    def judge(self, answer: Answer) -> Verdict:
        """By the policy's questions where it has any, else by the status."""
        verdict = http.by_status(answer, self._tools.now())
        if self._success is None and self._wait is None:
            return verdict or Verdict(Outcome.DELIVERED, f"HTTP {answer.status}")
        told = parsed(answer.body)
        known = {
            "status": answer.status,
            "headers": {name.lower(): value for name, value in answer.headers.items()},
            "body": answer.body.decode(errors="replace") if told is None else told,
        }
        if self._success.holds(known) if self._success else verdict is None:
            return Verdict(Outcome.DELIVERED, f"HTTP {answer.status}")
        wait = self._wait.value(known) if self._wait else ""
        if _WORD.match(wait) and (asked := seconds(float(wait))) is not None:
            return Verdict(Outcome.THROTTLED, f"HTTP {answer.status}: asks for patience", asked or THROTTLE_WAIT)
        return verdict or Verdict(Outcome.UNREACHABLE, f"HTTP {answer.status}: `success_when` does not hold")
