"""Where the YAML parser stumbles, in the words of people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import yaml

from monitor.policy.nodes import Place


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something wrong at a place of one text."""

    place: Place
    message: str
    width: int = 1


class Mark(Protocol):
    """The parser's place: everything from 0."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...
    @property
    def index(self) -> int: ...


def place_of(mark: Mark | None) -> Place:
    """The place of a mark; the start of the text where the parser gives none."""
    return Place(1, 1) if mark is None else Place(mark.line + 1, mark.column + 1)


def quoted(text: str) -> str:
    """A key of the file inside a message, at most 60 characters of it."""
    return f"`{short(text)}`"


def short(text: str) -> str:
    """At most 60 characters of `text`."""
    return text if len(text) <= 60 else text[:57] + "..."


_WORDS = {
    "mapping values are not allowed in this context": (
        "a `: ` is not expected here: indent with care, and put texts that contain `: ` in quotes"
    ),
    "did not find expected key": "a `key:` is expected here: look at the indentation, and at quotes in the line before",
    "did not find expected '-' indicator": "a `- item` is expected here: look at the indentation",
    "did not find expected ',' or ']'": "a list [ ... ] is not closed before this, or lacks a comma",
    "did not find expected ',' or '}'": "a mapping { ... } is not closed before this, or lacks a comma",
    "could not find expected ':'": "a `:` is missing after this key",
    "did not find expected node content": "a value is missing before this, or a [ or { is not closed",
    "found unknown escape character": "unknown escape: inside \"...\" write \\\\ for a backslash, or use '...'",
    "found incompatible YAML document": "only YAML 1.1 and 1.2 are read: remove the %YAML line",
    "did not find expected <document start>": "the document has ended (`...`): remove what follows or the dots",
}
_CANNOT_START = "found character that cannot start any token"
_STARTS = {
    "\t": "a tab stands where YAML wants spaces: indent with spaces",
    "`": "a text that starts with a backquote must stand in quotes",
}


def explained(error: yaml.MarkedYAMLError, text: str) -> Trouble:
    """What `error` says about `text`, at the place to look at."""
    problem = error.problem or "this is no YAML"
    mark = error.problem_mark or error.context_mark
    if problem == "found unexpected end of stream" and error.context_mark is not None:
        return Trouble(place_of(error.context_mark), "this quote is never closed")
    if mark is not None and text[max(0, mark.index - 1) : mark.index + 1] == "${":
        return Trouble(place_of(mark), 'inside { } and [ ] a reference must stand in quotes: "${NAME}"')
    if problem == _CANNOT_START and mark is not None:
        start = text[mark.index : mark.index + 1]
        message = _STARTS.get(start, f"a text that starts with {start} must stand in quotes")
        return Trouble(place_of(mark), message)
    if "tab character" in problem:
        return Trouble(place_of(mark), _STARTS["\t"])
    return Trouble(place_of(mark), _WORDS.get(problem, problem))
