"""Alertmanager's shapes: what its API v2 gives and takes, so that its tools work here unchanged. Pure.

Source: prometheus/alertmanager, `api/v2/openapi.yaml`. A silence has three keys more where they say something:
`unless` (matchers), `until` ("resolved") and `window` (a name of the policy).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from monitor import matchers
from monitor.fingerprint import fingerprint
from monitor.hindsight import Hindsight
from monitor.matchers import Matcher, Matchers
from monitor.model import Alert
from monitor.posted import RESOLVE_AFTER
from monitor.quieting import Suppressed
from monitor.silences import Silence
from monitor.textfault import TextFault


class Unusable(Exception):
    """What somebody sent cannot be used; the text says why."""


class _Given(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class GivenMatcher(_Given):
    """One matcher of it."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    value: Annotated[str, Field(max_length=1000)]
    isRegex: bool = False  # noqa: N815 - Alertmanager's name
    isEqual: bool | None = None  # noqa: N815

    def matcher(self) -> Matcher:
        return Matcher(self.name, ("=" if self.isEqual is not False else "!") + self._tail(), self.value)

    def _tail(self) -> str:
        if self.isEqual is not False:
            return "~" if self.isRegex else ""
        return "~" if self.isRegex else "="


class GivenSilence(_Given):
    """A silence as somebody asks for it; with an id it changes the one of that id."""

    id: str = ""
    matchers: Annotated[list[GivenMatcher], Field(min_length=1, max_length=100)]
    startsAt: AwareDatetime | None = None  # noqa: N815
    endsAt: AwareDatetime  # noqa: N815
    createdBy: Annotated[str, Field(max_length=200)]  # noqa: N815
    comment: Annotated[str, Field(max_length=2000)] = ""
    unless: str | None = None
    until: Literal["resolved"] | None = None
    window: str = ""


def read_silence(text: bytes, at: datetime) -> Silence:
    """The silence that the body of a request asks for; its id is empty where it is a new one. One that should have
    begun earlier begins at `at`.

    Raises:
        Unusable: it is none.
    """
    try:
        given = GivenSilence.model_validate_json(text)
        return Silence(
            id=given.id,
            matchers=Matchers(tuple(one.matcher() for one in given.matchers)),
            starts_at=whole(given.startsAt or at),
            ends_at=whole(given.endsAt),
            created_by=given.createdBy,
            comment=given.comment,
            updated_at=at,
            unless=None if given.unless is None else matchers.parse(given.unless),
            until_resolved=given.until is not None,
            window=given.window,
        )
    except ValidationError as error:
        raise Unusable("; ".join(said(found) for found in error.errors(include_url=False))) from None
    except TextFault as fault:
        raise Unusable(fault.message) from fault
    except OverflowError:
        raise Unusable("a moment is out of reach") from None


def said(found: Mapping[str, Any]) -> str:
    """What pydantic has found, with its place."""
    place = ".".join(str(part) for part in found["loc"])
    return f"{place}: {found['msg']}" if place else str(found["msg"])


def silence(one: Silence, at: datetime) -> dict[str, Any]:
    """A gettableSilence."""
    shape: dict[str, Any] = {
        "id": one.id,
        "status": {"state": str(one.standing(at))},
        "updatedAt": moment(one.updated_at),
        "matchers": [matcher(each) for each in one.matchers.matchers],
        "startsAt": moment(one.starts_at),
        "endsAt": moment(one.ends_at),
        "createdBy": one.created_by,
        "comment": one.comment,
        "annotations": {},
    }
    if one.unless is not None:
        shape["unless"] = str(one.unless)
    if one.until_resolved:
        shape["until"] = "resolved"
    if one.window:
        shape["window"] = one.window
    return shape


def past(found: Hindsight) -> dict[str, Any]:
    """What a silence would have hidden; this shape is our own."""
    hidden = [
        {"fingerprint": one.key, "labels": dict(one.labels), "times": one.times, "lastAt": moment(one.last_at)}
        for one in found.alerts
    ]
    return {
        "since": moment(found.since),
        "alerts": hidden,
        "fired": found.fired,
        "messages": dict(found.messages),
        "shortened": found.shortened,
    }


def matcher(one: Matcher) -> dict[str, Any]:
    """One matcher."""
    return {"name": one.name, "value": one.value, "isRegex": "~" in one.op, "isEqual": one.op in ("=", "=~")}


def alert(one: Alert, suppressed: Suppressed, receivers: Iterable[str], at: datetime) -> dict[str, Any]:
    """A gettableAlert."""
    known_end = one.ends_at if one.ends_at is not None and one.ends_at > at else None
    shape = {
        "annotations": dict(one.annotations),
        "endsAt": moment(one.resolved_at or known_end or at + RESOLVE_AFTER),
        "fingerprint": fingerprint(one.all_labels),
        "receivers": [receiver(name) for name in dict.fromkeys(receivers)],
        "startsAt": moment(one.fired_at or one.since),
        "status": {
            "inhibitedBy": list(suppressed.inhibited_by),
            "mutedBy": list(suppressed.muted_by),
            "silencedBy": list(suppressed.silenced_by),
            "state": "suppressed" if suppressed else "active",
        },
        "updatedAt": moment(one.values_at or one.state_since),
        "labels": one.all_labels,
    }
    return shape | {"generatorURL": one.source} if one.source else shape


def receiver(name: str) -> dict[str, Any]:
    """A receiver."""
    return {"name": name, "labels": receiver_labels(name)}


def receiver_labels(name: str) -> dict[str, str]:
    """The labels that `receiver_matchers` look at: the name alone, for the policy gives receivers no others."""
    return {"name": name}


def whole(at: datetime) -> datetime:
    """`at` in UTC without what its writing leaves out, so that what is written reads back the same."""
    utc = at.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def moment(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
