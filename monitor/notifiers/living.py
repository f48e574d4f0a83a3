"""One living message for each group, where the chat can change what was said.

The message of a group is changed in place while the group fires. A change rings nobody, so what people have to hear of
is said in a short reply to it as well. Both steps may be repeated: a try that broke between them loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from pydantic import SecretStr

from monitor.message import Message
from monitor.notification import Reason
from monitor.notifiers import Options, Outcome, Verdict
from monitor.notifiers.codes import parsed
from monitor.notifiers.dialect import encoded
from monitor.notifiers.http import Answer
from monitor.notifiers.robot import Robot

_SILENT = (Reason.SOME_RESOLVED, Reason.ACKNOWLEDGED, Reason.TEST, Reason.DRILL)


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a living robot."""

    url: str
    body: Mapping[str, Any] = field(repr=False)
    method: str = "POST"


class LivingOptions(Options):
    """The options of kinds whose messages live."""

    @property
    def tells_acks(self) -> bool:
        """In the text of the message that lives."""
        return True


class Living(Robot):
    """A robot that posts, edits and replies. A ref is `TARGET MESSAGE`: it holds while the target is the same."""

    gone: ClassVar[frozenset[int | str]] = frozenset()
    """Codes of answers to an edit: the message is not there any more, or too old to be changed."""
    unchanged: ClassVar[frozenset[int | str]] = frozenset()
    """Codes of answers to an edit: it reads like that already."""

    @property
    def target(self) -> str:
        """Where messages go, in one word without secrets."""
        raise NotImplementedError

    def post(self, message: Message) -> Call:
        """Says it anew."""
        raise NotImplementedError

    def edit(self, message: Message, ref: str) -> Call:
        """Changes what was said as `ref`."""
        raise NotImplementedError

    def reply(self, message: Message, ref: str) -> Call:
        """Says in one line, so that it is heard, what has changed."""
        raise NotImplementedError

    def ref(self, answer: Any) -> str:
        """The name of what was posted, from the answer; empty if it has none."""
        raise NotImplementedError

    async def send(self, message: Message) -> Verdict:
        """One try."""
        return await self.bounded(self.speak(message))

    async def speak(self, message: Message) -> Verdict:
        """One try, however long its requests take together."""
        target, _, ref = message.edits.partition(" ")
        only_shown = message.notification.reason is Reason.ACKNOWLEDGED
        if not ref or target != self.target:
            if only_shown:
                return Verdict(Outcome.DELIVERED, "there is no message to change")
            return self._named(message, await self._made(self.post(message), message))
        answer = await self._asked(self.edit(message, ref), message)
        if not isinstance(answer, Answer):
            return answer
        if self._code(answer) in self.gone:
            if only_shown:
                return Verdict(Outcome.DELIVERED, "the message cannot be changed any more")
            return self._named(message, await self._made(self.post(message), message))
        verdict = self.judge(answer)
        if self._code(answer) in self.unchanged:
            verdict = Verdict(Outcome.DELIVERED, "unchanged")
        if verdict.outcome is Outcome.DELIVERED and message.notification.reason not in _SILENT:
            made = await self._made(self.reply(message, ref), message)
            verdict = replace(made, ref="")
        return self._named(message, verdict, ref)

    async def _asked(self, call: Call, message: Message) -> Answer | Verdict:
        return await self.ask(SecretStr(call.url), encoded(call.body), message, method=call.method)

    async def _made(self, call: Call, message: Message) -> Verdict:
        answer = await self._asked(call, message)
        if not isinstance(answer, Answer):
            return answer
        verdict = self.judge(answer)
        told = parsed(answer.body)
        return replace(verdict, ref=self.ref(told) if isinstance(told, dict) else "")

    def _named(self, message: Message, verdict: Verdict, known: str = "") -> Verdict:
        """The verdict with the ref for the group's next message; once nothing fires there is none to come."""
        ref = verdict.ref or known
        lives = verdict.outcome is Outcome.DELIVERED and message.notification.firing and ref
        return replace(verdict, ref=f"{self.target} {ref}" if lives else "")

    def _code(self, answer: Answer) -> Any:
        told = parsed(answer.body)
        return self.codes.code(told) if self.codes is not None and isinstance(told, dict) else None
