"""YAML text to a tree of nodes with their places: one document, a strict subset, limits against hostile files.

Built from libyaml's events rather than by its loader: the loader dies on deep nesting, takes duplicate keys silently
and knows YAML 1.1's types. Here nesting is counted as the events come, so nothing deep is ever built.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from monitor.policy.nodes import Entry, ListNode, MapNode, Node, Place, Scalar, is_null
from monitor.policy.stumbles import Trouble, explained, place_of, quoted, short

MAX_DEPTH = 32
MAX_NODES = 300_000
"""Keys, values and lists of one file: room for 10,000 rules or 20,000 instances; more would hold up whoever waits."""
MAX_TROUBLES = 1_000
MAX_ALIASED = 10_000
"""Nodes that aliases may repeat, all together: far above need, far below what hurts."""

QUOTES = ("'", '"', "|", ">")

_MERGE = (
    "merge keys (<<) are refused: labels that instances share go under `labels:` of the account, "
    "thresholds that differ go under `overrides:` of the rule"
)
_BRACES = "a key must be plain text here; a text that starts with {{ or [ must stand in quotes"


@dataclass(slots=True)
class Composed:
    """What became of a text. `whole` is False where the text could not be read to its end."""

    root: Node | None = None
    troubles: list[Trouble] = field(default_factory=list)
    whole: bool = True


class _Stop(Exception):
    """The rest of the text cannot be read."""


def compose(text: str) -> Composed:
    """The tree of `text` with all that is wrong with it. Never raises for what a text contains."""
    composer = _Composer(text)
    try:
        composer.document()
    except _Stop:
        composer.result.whole = False
    except yaml.MarkedYAMLError as error:
        composer.result.whole = False
        trouble = explained(error, text)
        # `summary: {{ x }} tasks` is refused once for its braces; that the parser then stumbles is no news.
        if not any(
            other.message == _BRACES and trouble.place.line - other.place.line <= 1
            for other in composer.result.troubles
        ):
            composer.result.troubles.append(trouble)
    return composer.result


class _Composer:
    def __init__(self, text: str) -> None:
        self.result = Composed()
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.CSafeLoader)
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._aliased = 0
        self._count = 0

    def _complain(self, place: Place, message: str, width: int = 1) -> None:
        self.result.troubles.append(Trouble(place, message, width))
        if len(self.result.troubles) >= MAX_TROUBLES:
            raise _Stop

    def document(self) -> None:
        next(self._events)
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            return
        self.result.root = self._node(next(self._events), 0)
        next(self._events)
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            self._complain(place_of(event.start_mark), "a second document starts here: one file holds one document")
            raise _Stop

    def _node(self, event: yaml.Event, depth: int) -> Node:
        place = place_of(event.start_mark)
        if depth >= MAX_DEPTH and isinstance(event, yaml.CollectionStartEvent):
            self._complain(place, f"nested deeper than {MAX_DEPTH} levels")
            raise _Stop
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, place)
        before = self._count
        self._count += 1
        if self._count > MAX_NODES:
            self._complain(place, f"this file holds more than {MAX_NODES:,} keys and values: divide it into several")
            raise _Stop
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            style = event.style if event.style in QUOTES else ""
            node = Scalar(event.value, style, place, place_of(event.end_mark))
        else:
            node = (
                self._mapping(place, depth) if isinstance(event, yaml.MappingStartEvent) else self._list(place, depth)
            )
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            self._mark(event, node, self._count - before)
        return node

    def _mark(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, node: Node, size: int) -> None:
        """What stands before a node: its anchor and its tag."""
        if event.anchor:
            self._anchors[event.anchor] = (node, size)
        if event.tag is not None:
            self._complain(node.start, f"tags ({short(event.tag)}) have no meaning here: leave it out")
            node.faulty = True

    def _list(self, place: Place, depth: int) -> ListNode:
        node = ListNode(place)
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            node.items.append(self._valued(self._node(event, depth + 1)))
        return node

    def _alias(self, event: yaml.AliasEvent, place: Place) -> Node:
        if event.anchor not in self._anchors:
            self._complain(place, f"*{event.anchor} names no anchor (&{event.anchor}) that ends above it")
            return Scalar("", "", place, place, faulty=True)
        node, size = self._anchors[event.anchor]
        self._aliased += size
        # An alias inside an anchored node counts with its whole size, else bombs of aliases look small.
        self._count += size
        if self._aliased > MAX_ALIASED:
            self._complain(place, f"aliases repeat more than {MAX_ALIASED} values: write them out")
            raise _Stop
        return node

    def _mapping(self, place: Place, depth: int) -> MapNode:
        node = MapNode(place)
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            if not isinstance(key, Scalar):
                self._bad_key(node, key, depth)
                continue
            value = self._node(next(self._events), depth + 1)
            if key.text == "<<" and not key.style:
                self._complain(key.start, _MERGE, key.width)
            elif not key.text or key.faulty:
                self._complain(key.start, "a key is missing before this colon")
            elif (first := node.entries.get(key.text)) is not None:
                self._complain(
                    key.start,
                    f"{quoted(key.text)} is written twice; it stands in line {first.key.start.line} already",
                    key.width,
                )
            else:
                node.entries[key.text] = Entry(key, self._valued(value, key))
        return node

    def _bad_key(self, node: MapNode, key: ListNode | MapNode, depth: int) -> None:
        # Whatever was found wrong inside such a key is the same misunderstanding.
        self.result.troubles = [trouble for trouble in self.result.troubles if trouble.place < key.start]
        self._complain(key.start, _BRACES)
        kept = len(self.result.troubles)
        self._node(next(self._events), depth + 1)
        del self.result.troubles[kept:]
        node.faulty = True

    def _valued(self, node: Node, key: Scalar | None = None) -> Node:
        if isinstance(node, Scalar) and not node.style and not node.faulty and is_null(node.text):
            name, at = ("this item", node) if key is None else (quoted(key.text), key)
            self._complain(
                at.start, f"{name} has no value: give one, or remove it; an empty one is {{}} or []", at.width
            )
            node.faulty = True
        return node
