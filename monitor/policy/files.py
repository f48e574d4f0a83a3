"""Bytes of a file that somebody else wrote: regular, bounded, never waited for."""

from __future__ import annotations

import os
import stat
from pathlib import Path


class UnreadableFile(Exception):
    """Why a file cannot be used, as words that follow its name."""


def contents(path: Path, *, limit: int) -> bytes:
    """All bytes of a file that has at most `limit` of them."""
    try:
        # A pipe with nobody at its other end would hold us for ever.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise UnreadableFile("is not a regular file")
            data = stream.read(limit + 1)
    except OSError as error:
        raise UnreadableFile(f"cannot be read: {error.strerror}") from error
    if len(data) > limit:
        raise UnreadableFile(f"is larger than {_size(limit)}")
    return data


def _size(limit: int) -> str:
    return f"{limit // 1024 // 1024} MiB" if limit >= 1024 * 1024 else f"{limit // 1024} KiB"
