"""Work that takes a while is done off the event loop, so that others come to their turn meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

FEW = 200
"""Rows or alerts that are dealt with where they are: it takes less than to hand them over."""

T = TypeVar("T")


async def apart(work: Callable[[], T], *, size: int) -> T:
    """What `work` gives: of values that nobody changes, `size` of them. Small work is done at once."""
    return work() if size <= FEW else await asyncio.to_thread(work)
