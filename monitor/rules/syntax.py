"""The nodes of the rule language's syntax tree.

Chains (`a + b - c`, `p and q and r`) are one flat node, so that no walk over a tree goes deeper than its parentheses.
Two trees are equal if they mean the same text; where a node stands in its text does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")


class Span(NamedTuple):
    """A place in the text: `column` counts from 1, `width` is at least 1."""

    column: int = 1
    width: int = 1

    def to(self, other: Span) -> Span:
        """From the start of this one to the end of the other."""
        return Span(self.column, other.column + other.width - self.column)


START = Span()


@dataclass(frozen=True, slots=True)
class _Node:
    span: Span = field(default=START, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Number(_Node):
    """`5`, `0.2`, or `20%` (then `written` is 20)."""

    written: float
    percent: bool = False

    @property
    def value(self) -> float:
        return self.written / 100 if self.percent else self.written


@dataclass(frozen=True, slots=True)
class Duration(_Node):
    """`5m`. Its value is in seconds."""

    length: timedelta

    @property
    def value(self) -> float:
        return self.length.total_seconds()


@dataclass(frozen=True, slots=True)
class Name(_Node):
    """A count, a poll-health name or a threshold."""

    text: str


@dataclass(frozen=True, slots=True)
class Call(_Node):
    """`delta(abnormal, 5m)`."""

    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Negative(_Node):
    """`-x`."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Sum(_Node):
    """`first` and then each `+ term` or `- term`, from left to right."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Product(_Node):
    """`first` and then each `* term` or `/ term`, from left to right."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Comparison(_Node):
    """`left op right`; op is one of `< <= > >= == !=`."""

    left: Node
    op: str
    right: Node


@dataclass(frozen=True, slots=True)
class Not(_Node):
    """`not x`."""

    operand: Node


@dataclass(frozen=True, slots=True)
class All(_Node):
    """`x and y and z`."""

    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Some(_Node):
    """`x or y or z`."""

    terms: tuple[Node, ...]


Node: TypeAlias = Number | Duration | Name | Call | Negative | Sum | Product | Comparison | Not | All | Some


def operands(node: Node) -> tuple[Node, ...]:
    """The nodes right below, in reading order; a call's arguments are not its operands."""
    match node:
        case Number() | Duration() | Name() | Call():
            return ()
        case Negative() | Not():
            return (node.operand,)
        case Sum() | Product():
            return (node.first, *(term for _, term in node.rest))
        case Comparison():
            return (node.left, node.right)
        case All() | Some():
            return node.terms


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, arguments too, in reading order (a node before those it holds)."""
    waiting = [node]
    while waiting:
        following = waiting.pop()
        yield following
        below = following.arguments if isinstance(following, Call) else operands(following)
        waiting.extend(reversed(below))


def fold(node: Node, combine: Callable[[Node, list[T]], T]) -> T:
    """`combine(node, results of its operands)` from the leaves up, left to right, without recursion."""
    order, waiting = [], [node]
    while waiting:
        order.append(waiting.pop())
        waiting.extend(operands(order[-1]))
    results: dict[int, T] = {}
    for each in reversed(order):
        results[id(each)] = combine(each, [results[id(operand)] for operand in operands(each)])
    return results[id(node)]
