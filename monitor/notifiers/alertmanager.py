"""Alertmanager: the group's alerts to one or several of them, again and again until they resolve."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Annotated, Any, ClassVar

from pydantic import Field, SecretStr

from monitor.message import Message
from monitor.notifiers import Options, OptionsType, Outcome, Verdict
from monitor.notifiers.dialect import encoded
from monitor.notifiers.fields import Headers, Timeout, Url
from monitor.notifiers.http import Answer
from monitor.notifiers.prometheus import rfc3339
from monitor.notifiers.robot import Robot


class AlertmanagerOptions(Options):
    """`alertmanager:` in the policy. `urls` are those of all members of a cluster, without `/api/v2`.

    Alertmanager forgets an alert after its `resolve_timeout` (5m), so what fires is said again `every` minute.
    """

    urls: Annotated[tuple[Url, ...], Field(min_length=1, max_length=10)]
    headers: Headers = Field(default_factory=dict)
    every: Timeout = timedelta(minutes=1)


class Alertmanager(Robot):
    """Posts to every address at once; one that takes it is enough, as the members tell each other."""

    Options: ClassVar[OptionsType] = AlertmanagerOptions

    def payload(self, message: Message) -> list[dict[str, Any]]:
        """All alerts of the group. What fires has no end: Alertmanager gives it one, until it hears of it again."""
        return [
            {
                "labels": dict(sorted(alert.labels.items())),
                "annotations": dict(sorted(alert.annotations.items())),
                "startsAt": rfc3339(alert.started_at),
                **({} if alert.firing else {"endsAt": rfc3339(alert.resolved_at or message.notification.at)}),
                **({"generatorURL": source} if (source := alert.source or message.about(alert)) else {}),
            }
            for alert in message.notification.alerts
        ]

    def headers(self, body: bytes, message: Message) -> dict[str, str]:  # noqa: ARG002 - they do not depend on it
        """Those of the policy."""
        return {name: value.get_secret_value() for name, value in self._options.headers.items()}

    async def send(self, message: Message) -> Verdict:
        """One try at all addresses."""
        body = encoded(self.payload(message))
        verdicts = await asyncio.gather(*(self._post(url, body, message) for url in self._options.urls))
        again = self._options.every if message.notification.firing else None
        return _together(verdicts, again)

    async def _post(self, url: SecretStr, body: bytes, message: Message) -> Verdict:
        address = SecretStr(f"{url.get_secret_value().rstrip('/')}/api/v2/alerts")
        answer = await self.ask(address, body, message)
        return self.judge(answer) if isinstance(answer, Answer) else answer


def _together(verdicts: list[Verdict], again: timedelta | None) -> Verdict:
    """Delivered if one took it; else what leaves the most hope."""
    order = (Outcome.DELIVERED, Outcome.THROTTLED, Outcome.UNREACHABLE, Outcome.REFUSED)
    best = min(verdicts, key=lambda verdict: order.index(verdict.outcome))
    failed = Counter(verdict.reason for verdict in verdicts if verdict.outcome is not best.outcome)
    others = "; ".join(f"{count} of {len(verdicts)}: {reason}" for reason, count in failed.items())
    if best.outcome is Outcome.DELIVERED:
        return Verdict(Outcome.DELIVERED, others or best.reason, again=again)
    return Verdict(best.outcome, "; ".join(filter(None, (best.reason, others))), best.wait)
