"""Rows as the database holds them, made into values by ourselves: off the event loop where they are many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from pydantic_core import from_json

from monitor.apart import apart
from monitor.store.columns import Moment, moment

__all__ = ["document", "made", "made_long", "moment", "raw"]

LINE = 100
"""Characters of a long document that are as much work as a row."""

T = TypeVar("T")


def raw(table: sa.Table) -> tuple[sa.ColumnElement[Any], ...]:
    """The columns of a table, under their names, as `moment` and `document` want them."""
    return tuple(_raw(column) for column in table.c)


def _raw(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    if isinstance(column.type, Moment):
        return sa.type_coerce(column, sa.BigInteger).label(column.name)
    # cast: the driver of PostgreSQL makes values of documents
    return sa.cast(column, sa.Text).label(column.name) if isinstance(column.type, sa.JSON) else column


def document(text: str | None) -> Any:
    """What a JSON document says; None where there is none."""
    return None if text is None else from_json(text)


async def made(found: sa.CursorResult[Any], make: Callable[[sa.Row[Any]], T]) -> list[T]:
    """What `make` makes of each row, of which there may be very many: it unpacks them, as names take their time."""
    rows: Sequence[sa.Row[Any]] = found.all()
    return await apart(lambda: [make(row) for row in rows], size=len(rows))


async def made_long(found: sa.CursorResult[Any], make: Callable[[sa.RowMapping], T], long: str) -> list[T]:
    """What `make` makes of each row; `long` is the column of documents that may be very long."""
    rows: Sequence[sa.RowMapping] = found.mappings().all()
    return await apart(lambda: [make(row) for row in rows], size=sum(len(row[long]) for row in rows) // LINE)
