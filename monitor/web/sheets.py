"""One page of a long list, and the addresses of the pages before and after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from aiohttp import web

PAGE = "page"
SAID = "said"
"""Under which an address tells what was done just before: of one page only."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Paging:
    """The rows `first` to `last` of `count`, counted from 1. `earlier` and `later` are addresses, empty where there is
    no such page; they keep what else was asked for."""

    first: int
    last: int
    count: int
    size: int
    earlier: str = ""
    later: str = ""

    def cut(self, rows: Sequence[T]) -> Sequence[T]:
        """The rows of this page out of all."""
        return rows[self.first - 1 : self.last] if self.count else rows[:0]


def paging(request: web.Request, count: int, *, size: int) -> Paging:
    """The page that a request asks for by `page`, the nearest there is, of `count` rows in pages of `size`."""
    pages = max(1, -(-count // size))
    asked = request.query.get(PAGE, "1")
    number = min(max(int(asked), 1), pages) if asked.isascii() and asked.isdigit() and len(asked) < 10 else 1
    first = (number - 1) * size

    def address(page: int) -> str:
        return f"?{request.rel_url.without_query_params(SAID).update_query({PAGE: str(page)}).raw_query_string}"

    return Paging(
        first=first + 1 if count else 0,
        last=min(first + size, count),
        count=count,
        size=size,
        earlier=address(number - 1) if number > 1 else "",
        later=address(number + 1) if number < pages else "",
    )
