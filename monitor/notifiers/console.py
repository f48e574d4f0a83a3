"""Console: the message as plain text on standard output, for demos and trials."""

from __future__ import annotations

import sys
from typing import ClassVar

from monitor.message import Message, plain
from monitor.notifiers import Options, OptionsType, Outcome, Tools, Verdict


class ConsoleOptions(Options):
    """`console:` in the policy."""


class Console:
    """Writes each message with an empty line after it."""

    Options: ClassVar[OptionsType] = ConsoleOptions

    def __init__(self, options: ConsoleOptions, tools: Tools) -> None:
        self._options = options
        self._tools = tools

    def payload(self, message: Message) -> str:
        """The text that is written."""
        return f"{plain(message)}\n\n"

    async def send(self, message: Message) -> Verdict:
        """One try: letters that the terminal does not have are written as `?`."""
        stream = sys.stdout
        encoding = stream.encoding or "utf-8"
        try:
            stream.write(self.payload(message).encode(encoding, "replace").decode(encoding))
            stream.flush()
        except (OSError, ValueError) as error:
            reason = f"standard output cannot be written ({type(error).__name__})"
            return Verdict(Outcome.UNREACHABLE, reason)
        return Verdict(Outcome.DELIVERED)
