"""How moments and durations are stored: as integers, microseconds, moments since 1970 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""A number that the store gives, in every store."""


class Moment(sa.TypeDecorator[datetime]):
    """An aware datetime as an integer: exact, sortable, the same in every store."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        found: datetime | None = moment(value)
        return found


class Span(sa.TypeDecorator[timedelta]):
    """A duration as an integer of microseconds."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:
        return None if value is None else value // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> timedelta | None:
        return None if value is None else timedelta(microseconds=value)


def moment(number: Any) -> Any:
    """The moment that a number of the database is; None of none."""
    return None if number is None else _EPOCH + timedelta(microseconds=number)
