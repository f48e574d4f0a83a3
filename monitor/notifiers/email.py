"""E-mail over SMTP, through the server of the process settings."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Annotated, ClassVar

from pydantic import AfterValidator, ConfigDict, Field

from monitor.message import Message
from monitor.notifiers import Options, OptionsType, Outcome, Tools, Verdict
from monitor.notifiers.fields import Mailbox
from monitor.notifiers.letter import letter
from monitor.notifiers.smtp import submit
from monitor.templates import compile_template
from monitor.textfault import TextFault

_PREVIEW: dict[str, object] = {
    "title": "[FIRING critical] " + "x" * 280,
    "status": "resolved",
    "severity": "critical",
    "receiver": "ops",
    "firing": 10_000,
    "resolved": 10_000,
}


def _subject(text: str) -> str:
    try:
        compile_template(text).render(_PREVIEW)
    except TextFault as fault:
        raise ValueError(f"column {fault.column}: {fault.message}") from None
    return text


class EmailOptions(Options):
    """`email:` in the policy. `subject` sees title, status, severity, receiver, and the numbers firing and resolved."""

    model_config = ConfigDict(populate_by_name=True)

    to: tuple[Mailbox, ...] = Field(min_length=1)
    sender: Mailbox | None = Field(default=None, alias="from")
    cc: tuple[Mailbox, ...] = ()
    subject: Annotated[str, AfterValidator(_subject)] = "{{ title }}"

    @property
    def draws(self) -> bool:
        return True


class Email:
    """Sends one e-mail to all of `to` and `cc`."""

    Options: ClassVar[OptionsType] = EmailOptions

    def __init__(self, options: EmailOptions, tools: Tools) -> None:
        self._options = options
        self._smtp = tools.smtp
        self._subject = compile_template(options.subject)

    def payload(self, message: Message) -> EmailMessage:
        """The e-mail that is sent."""
        said = message.notification
        names: dict[str, object] = {
            "title": message.title,
            "status": "firing" if said.firing else "resolved",
            "severity": str(said.severity),
            "receiver": said.receiver,
            "firing": len(said.firing),
            "resolved": len(said.resolved),
        }
        sender = self._options.sender or self._smtp.sender
        subject = self._subject.render(names)
        return letter(message, subject=subject, sender=sender, to=self._options.to, cc=self._options.cc)

    async def send(self, message: Message) -> Verdict:
        """One try."""
        if not self._smtp.host:
            return Verdict(Outcome.REFUSED, "no e-mail server is set: set FDI_MONITOR_SMTP__HOST")
        if not (self._options.sender or self._smtp.sender):
            return Verdict(Outcome.REFUSED, "e-mail has no sender: set `from:` or FDI_MONITOR_SMTP__SENDER")
        return await submit(self.payload(message), self._smtp, self._options.timeout)
