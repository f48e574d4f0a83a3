"""Long lists in pages: each names where the next one begins, so that what comes or goes meanwhile moves nothing. Pure.

A cursor is the key of the last entry of a page, opaque to whoever gets it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from typing import Annotated, TypeVar

from pydantic import Field

from monitor.web.contract import Asked
from monitor.web.problems import Place, Problem

MOST = 1000
"""Entries of one page."""

_LARGEST = 2**63 - 1

T = TypeVar("T")
Key = tuple[int | str, ...]


class Paged(Asked):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=MOST, description="Entries of the page at most.")] = MOST
    cursor: Annotated[str, Field(max_length=2000, description="The `next` of the page before.")] = ""

    def after(self, *kinds: type) -> Key | None:
        """The key after which the page begins, None for the first page.

        Raises:
            Problem: the cursor is none of this list.
        """
        if not self.cursor:
            return None
        try:
            found = json.loads(base64.urlsafe_b64decode(self.cursor.encode()))
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, list) or [type(part) for part in found] != list(kinds) or not all(map(_fits, found)):
            place = Place(place="cursor", message="it is no cursor of this list")
            raise Problem(400, "cursor: give the `next` of the page before, or none for the first page", [place])
        return tuple(found)


def _fits(part: int | str) -> bool:
    """Whether a store may be asked for it."""
    return isinstance(part, str) or -_LARGEST <= part <= _LARGEST


def cursor(key: Key) -> str:
    """What names the end of a page."""
    return base64.urlsafe_b64encode(json.dumps(key, ensure_ascii=False).encode()).decode()


def cut(entries: Iterable[T], key: Callable[[T], Key], asked: Paged, *kinds: type) -> tuple[list[T], str | None]:
    """The page of `entries` in the order of their keys, whose parts are of these kinds; and where the next begins.

    Raises:
        Problem: the cursor is none of this list.
    """
    after = asked.after(*kinds)
    left = sorted((one for one in entries if after is None or key(one) > after), key=key)
    page = left[: asked.limit]
    return page, cursor(key(page[-1])) if len(left) > len(page) else None
