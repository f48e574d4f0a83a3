"""The fenced blocks of the pages that people read: what stands in them is played by tests, not believed."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
NAMED = re.compile(r"# (\S+)\n")


@dataclass(frozen=True)
class Block:
    """What stands between two fences of a `page`, a path from the root; `line` is that of the first fence."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def file(self) -> str:
        """The file that the first line names where it is `# name.yaml` or `# .env`: the reader is to write it."""
        named = NAMED.match(self.text)
        return named[1] if named and "." in named[1] else ""


@functools.cache
def pages() -> tuple[str, ...]:
    """Every page, as a path from the root."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return tuple(sorted(str(file.relative_to(ROOT)) for file in found))


def text(page: str) -> str:
    """What stands on the page."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(language: str, *, page: str = "") -> Iterator[Block]:
    """The blocks in this language, of one page or of all."""
    for name in (page,) if page else pages():
        whole = text(name)
        for found in FENCE.finditer(whole):
            if found[1] == language:
                yield Block(name, whole.count("\n", 0, found.start()) + 1, language, found[2])
