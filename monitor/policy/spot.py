"""A spot in the policy: a file and the way to a node of it, able to say what is wrong there without telling secrets."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from monitor.errors import Fault
from monitor.policy.columns import inside
from monitor.policy.nodes import Found, Loc, Node, Place, Scalar, find, path_of
from monitor.policy.source import PolicyFile
from monitor.textfault import TextFault, quoted

_WORD = re.compile(r"\w{3,}")
_EVERYDAY = {"http", "https"}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, before its place in a file is known.

    `at` leads from the item to what is meant. `column` (from 1, 0 for none) and `width` are inside its text. Where
    `on_key` is set, or nothing stands there, the key is what is shown. `expected` says, without any value, what
    belongs there ("a duration such as 5m"): it is said instead of a `message` that would show a secret. A `plain`
    message never holds a value.
    """

    message: str
    at: Loc = ()
    column: int = 0
    width: int = 1
    on_key: bool = False
    expected: str = ""
    plain: bool = False

    def below(self, *loc: int | str) -> Problem:
        """The same, seen from further up."""
        return replace(self, at=(*loc, *self.at))

    @classmethod
    def of(cls, fault: TextFault, *at: int | str, expected: str = "") -> Problem:
        """The fault of a text that stands at `at`."""
        return cls(fault.message, at, fault.column, fault.width, expected=expected)


@dataclass(frozen=True, slots=True)
class Spot:
    """A node of the policy. `loc` leads to it from the root of `file`."""

    file: PolicyFile
    root: Node
    loc: Loc = ()

    def at(self, *more: int | str) -> Spot:
        """The spot further down."""
        return Spot(self.file, self.root, self.loc + more)

    @property
    def found(self) -> Found:
        return find(self.root, self.loc)

    @property
    def line(self) -> int:
        return self.place.line

    @property
    def place(self) -> Place:
        """Where it starts: the value, or what comes nearest."""
        return self.found.node.start

    @property
    def where(self) -> str:
        """`rules/fdi.yaml:12`, for texts that speak of two places."""
        return f"{self.file.name}:{self.line}"

    @property
    def written(self) -> str:
        """The text as it stands in the file, in quotes: a reference is shown, never what it stands for."""
        node = self.found.node
        if not isinstance(node, Scalar):
            return path_of(self.loc)
        return quoted(node.text) if not self._tells_secret(node) or node.references else "a secret"

    def fault(self, problem: Problem | str) -> Fault | None:
        """The fault of `problem`; None where this place was complained of already."""
        problem = Problem(problem) if isinstance(problem, str) else problem
        spot = self.at(*problem.at)
        found = spot.found
        if found.faulty or (found.key is not None and found.key.faulty):
            return None
        place, width = _marked(found, problem, self.file)
        # pydantic's word for "the key itself" says nothing to people.
        loc = tuple(part for part in spot.loc if part != "[key]")
        return self.file.fault(place, self._wording(found, problem), width=width, loc=loc)

    def _wording(self, found: Found, problem: Problem) -> str:
        node = found.node
        if problem.plain or problem.on_key or not isinstance(node, Scalar) or not self._tells_secret(node):
            return problem.message
        pieces = {piece.lower() for piece in _WORD.findall(node.value)} - _EVERYDAY
        told = problem.message.lower()
        if len(node.value) >= 3 and node.value.lower() not in told and not any(piece in told for piece in pieces):
            return problem.message
        subject = f"what {' and '.join(node.references)} gives" if node.references else "this"
        return f"{subject} is not {problem.expected or 'usable here'}"

    def _tells_secret(self, node: Scalar) -> bool:
        return bool(node.references) or self.file.is_secret(node)


def _marked(found: Found, problem: Problem, file: PolicyFile) -> tuple[Place, int]:
    """The place to show with the width of its caret."""
    node, key = found.node, found.key
    if problem.on_key or not found.whole:
        if key is not None:
            return key.start, key.width
        return node.start, _first_width(found)
    if isinstance(node, Scalar):
        if problem.column and not node.references:
            place = inside(node, problem.column, file.lines)
            if place is not None:
                return place, problem.width
        return node.start, node.width
    return (key.start, key.width) if key is not None else (node.start, _first_width(found))


def _first_width(found: Found) -> int:
    """A mapping without a key of its own, an item of a list, is shown by its first key."""
    node = found.node
    if isinstance(node, Scalar):
        return node.width
    entries = getattr(node, "entries", None) or {}
    first = next(iter(entries.values()), None)
    return first.key.width if first is not None and first.key.start == node.start else 1
