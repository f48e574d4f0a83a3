"""Alertmanager's postable alerts: what a Prometheus or `amtool alert add` sends, read and checked. Pure.

Source: prometheus/alertmanager, `api/v2/openapi.yaml`. Go's zero time stands for a moment that was left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from monitor.posted import Post
from monitor.web.amshape import Unusable, said

MOST = 10_000
"""Alerts in one request."""
BODY = 32 * 1024 * 1024
"""Bytes of one request."""

MOST_LABELS, NAME, VALUE, TEXT = 100, 256, 4096, 16384
"""Labels or annotations of one alert, and the longest name, value of a label, and annotation or address."""

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


def _left_out(given: Any) -> Any:
    """Go's zero time as None; pydantic reads whatever else it is."""
    return None if isinstance(given, str) and given.startswith("0001-01-01T00:00:00") else given


_When = Annotated[AwareDatetime | None, BeforeValidator(_left_out)]


class Postable(BaseModel):
    """One alert of a request."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    labels: dict[str, str] = Field(min_length=1)
    annotations: dict[str, str] = Field(default_factory=dict)
    startsAt: _When = None  # noqa: N815 - Alertmanager's name
    endsAt: _When = None  # noqa: N815
    generatorURL: Annotated[str, Field(max_length=TEXT)] = ""  # noqa: N815


_REQUEST = TypeAdapter(list[Any])
_ONE = TypeAdapter(Postable)


def read(body: bytes, *, behind: timedelta) -> tuple[list[Post], list[str]]:
    """The alerts of a request that are sound, and why each of the others is not. `behind` is how far our clock is
    behind those of people.

    Raises:
        Unusable: it is no list of alerts at all.
    """
    try:
        given = _REQUEST.validate_json(body)
    except ValidationError as error:
        raise Unusable("; ".join(said(found) for found in error.errors(include_url=False))) from None
    if len(given) > MOST:
        raise Unusable(f"{len(given):,} alerts in one request: at most {MOST:,} are taken, so send several")
    posts, refused = [], []
    for place, one in enumerate(given):
        try:
            posts.append(_post(_ONE.validate_python(one), behind))
        except ValidationError as error:
            refused += [f"alert {place}: {said(found)}" for found in error.errors(include_url=False)]
        except Unusable as fault:
            refused.append(f"alert {place}: {fault}")
    return posts, refused


def _post(given: Postable, behind: timedelta) -> Post:
    labels = {name: value for name, value in given.labels.items() if value}
    if fault := next(_faults(labels, given), None):
        raise Unusable(fault)
    try:
        starts_at, ends_at = _moment(given.startsAt, behind), _moment(given.endsAt, behind)
    except OverflowError:
        raise Unusable("a moment is out of reach") from None
    if starts_at is not None and ends_at is not None and ends_at < starts_at:
        raise Unusable("endsAt: it ends before it starts")
    return Post(labels, given.annotations, starts_at, ends_at, given.generatorURL)


def _moment(given: datetime | None, behind: timedelta) -> datetime | None:
    return None if given is None else max(given.astimezone(UTC), _EARLIEST) - behind


def _faults(labels: Mapping[str, str], given: Postable) -> Iterator[str]:
    if not labels:
        yield "labels: at least one that is not empty is needed"
    for what, pairs, longest in (("labels", labels, VALUE), ("annotations", given.annotations, TEXT)):
        if len(pairs) > MOST_LABELS:
            yield f"{what}: {len(pairs)} are too many, at most {MOST_LABELS} are taken"
        for name, value in pairs.items():
            if not name or not name.isprintable() or len(name) > NAME:
                yield f"{what}: {name[:NAME]!r} is no name: it has to be printable, of 1 to {NAME} characters"
            if len(value) > longest:
                yield f"{what}.{name}: {len(value):,} characters are too many, at most {longest:,} are taken"
            if "\0" in value:
                yield f"{what}.{name}: a NUL character cannot be kept"
    if "\0" in given.generatorURL:
        yield "generatorURL: a NUL character cannot be kept"
