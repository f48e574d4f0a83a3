"""Summaries checked quickly: those that differ only in the text between their braces are checked once.

Making one template ready takes half a millisecond, and a policy may hold a thousand of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from monitor.templates import compile_template
from monitor.textfault import TextFault

_BRACES = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_SHORT = 500
"""Characters up to which the text between the braces cannot make a summary too long."""


def check(text: str) -> str:
    """`text`, if it is a template; TextFault if not."""
    shape = _shape(text)
    if shape is None or not _is_template(shape):
        compile_template(text)
    return text


class Renderer:
    """Fills summaries in with names that all rules share and those of one rule."""

    def __init__(self, names: Mapping[str, object]) -> None:
        self._names = names
        self._sound: set[tuple[str | None, frozenset[str]]] = set()

    def check(self, text: str, own: Mapping[str, object]) -> None:
        """TextFault where `text`, a template, cannot be filled in."""
        shape = (_shape(text), frozenset(own))
        if shape in self._sound:
            return
        compile_template(text).render({**own, **self._names})
        if shape[0] is not None:
            self._sound.add(shape)


def _shape(text: str) -> str | None:
    """The braces of a short summary with nothing between them; None where they cannot be told from text."""
    if len(text) > _SHORT or "{" in (rest := _BRACES.sub("", text)) or "}" in rest:
        return None
    return "".join(_BRACES.findall(text))


@lru_cache(maxsize=1024)
def _is_template(shape: str) -> bool:
    try:
        compile_template(shape)
    except TextFault:
        return False
    return True
