"""The tree of one YAML file, every node with its place in the text. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

Loc = tuple[int | str, ...]
"""The way from the root of a file to a node: keys of mappings, positions in lists."""


class Place(NamedTuple):
    """Line and column in a file, both from 1, columns in characters."""

    line: int
    column: int


@dataclass(slots=True, eq=False)
class Scalar:
    """A text. `text` is as YAML reads it, `value` is what it stands for once references are filled in.

    `style` is empty for plain text, else one of ' " | >. `references` are those found in the text, as written.
    A `faulty` node has been complained of already: what follows from it is not worth a second fault.
    """

    text: str
    style: str
    start: Place
    end: Place
    value: str = ""
    references: tuple[str, ...] = ()
    faulty: bool = False

    def __post_init__(self) -> None:
        self.value = self.text

    @property
    def width(self) -> int:
        """How much of the first line it takes; a block scalar shows only its sign there."""
        if self.style in ("|", ">") or self.end.line != self.start.line:
            return 1
        return max(1, self.end.column - self.start.column)


class Entry(NamedTuple):
    """A key of a mapping with its value."""

    key: Scalar
    node: Node


@dataclass(slots=True, eq=False)
class ListNode:
    """A list, in either style."""

    start: Place
    items: list[Node] = field(default_factory=list)
    faulty: bool = False
    width: int = 1


@dataclass(slots=True, eq=False)
class MapNode:
    """A mapping, in either style; of a key written twice the first."""

    start: Place
    entries: dict[str, Entry] = field(default_factory=dict)
    faulty: bool = False
    width: int = 1

    def get(self, name: str) -> Node | None:
        """The value under a key, None where the key is absent."""
        entry = self.entries.get(name)
        return entry.node if entry else None


Node = Scalar | ListNode | MapNode


class Found(NamedTuple):
    """Where a `Loc` leads: the deepest node that exists, its key if it has one, and whether the way ended there.

    `faulty` says that something on the way was complained of already.
    """

    node: Node
    key: Scalar | None
    whole: bool
    faulty: bool


def find(root: Node, loc: Loc) -> Found:
    """Follows `loc` from `root`; parts that are no key or position there are skipped."""
    node: Node = root
    key: Scalar | None = None
    whole, faulty = True, root.faulty
    for part in loc:
        if isinstance(node, MapNode) and str(part) in node.entries:
            key, node = node.entries[str(part)]
        elif isinstance(node, ListNode) and isinstance(part, int) and part < len(node.items):
            key, node = None, node.items[part]
        else:
            whole = False
        faulty = faulty or node.faulty
    return Found(node, key, whole, faulty)


def scalars(node: Node, loc: Loc = ()) -> Iterator[tuple[Loc, Scalar]]:
    """All texts below `node` with the way to each, keys left out."""
    if isinstance(node, Scalar):
        yield loc, node
    elif isinstance(node, ListNode):
        for position, item in enumerate(node.items):
            yield from scalars(item, (*loc, position))
    else:
        for name, entry in node.entries.items():
            yield from scalars(entry.node, (*loc, name))


Texts: TypeAlias = "str | list[Texts] | dict[str, Texts]"


def texts(node: Node) -> Texts:
    """The node as plain data in which every scalar is its text: what it means is the schema's to say."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, ListNode):
        return [texts(item) for item in node.items]
    return {name: texts(entry.node) for name, entry in node.entries.items()}


Core: TypeAlias = "str | int | float | bool | list[Core] | dict[str, Core] | None"


def core(node: Node) -> Core:
    """The node as plain data with the types of YAML 1.2's core schema; what a reference filled in stays text."""
    if isinstance(node, Scalar):
        return node.value if node.style or node.references else resolve(node.text)
    if isinstance(node, ListNode):
        return [core(item) for item in node.items]
    return {name: core(entry.node) for name, entry in node.entries.items()}


_NULL = ("", "~", "null", "Null", "NULL")
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
# Eighteen digits fit everywhere; longer ones are names that happen to be digits.
_INT = re.compile(r"[-+]?[0-9]{1,18}|0o[0-7]{1,18}|0x[0-9a-fA-F]{1,15}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def is_null(text: str) -> bool:
    """Whether a plain text means "no value"."""
    return text in _NULL


def resolve(text: str) -> str | int | float | bool | None:
    """What a plain scalar means in YAML 1.2: `22:30`, `no` and `on` are texts."""
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _SPECIAL.fullmatch(text):
        return float(text.replace(".", ""))
    return float(text) if _FLOAT.fullmatch(text) else text


def path_of(loc: Sequence[int | str]) -> str:
    """`rules.1.when`: a way through a file as people read it."""
    return ".".join(str(part) for part in loc)
