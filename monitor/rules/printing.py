"""Syntax trees as text: the canonical writing, which parses back to the same tree."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from monitor import durations
from monitor.rules.binding import Binding, binding_of
from monitor.rules.syntax import (
    All,
    Call,
    Comparison,
    Duration,
    Name,
    Negative,
    Node,
    Not,
    Number,
    Product,
    Some,
    Sum,
    fold,
    operands,
)

Annotate = Callable[[Name | Call, str], str]
"""Given a name or a call, and its writing: what is written in its place."""


def written(node: Node, annotate: Annotate = lambda _, text: text) -> str:
    """The canonical writing of `node`, its names and calls as `annotate` gives them."""

    def combine(node: Node, texts: list[str]) -> str:
        if isinstance(node, Name | Call):
            return annotate(node, _leaf(node))
        return _joined(node, _shielded(node, texts))

    return fold(node, combine)


def figure(value: float) -> str:
    """A number in plain decimals, as the language writes it: no exponent, no needless `.0`."""
    if float(value).is_integer() and abs(value) < 1e15:
        return str(int(value))
    return format(Decimal(repr(float(value))), "f")


def _leaf(node: Name | Call) -> str:
    if isinstance(node, Name):
        return node.text
    return f"{node.function}({', '.join(written(argument) for argument in node.arguments)})"


def _shielded(node: Node, texts: list[str]) -> list[str]:
    """The operands' texts, in parentheses where they would fall apart without."""
    floor = binding_of(node)
    if isinstance(node, Negative | Not):
        floor = Binding(floor - 1)
    below = operands(node)
    return [f"({text})" if binding_of(each) <= floor else text for each, text in zip(below, texts, strict=True)]


def _joined(node: Node, texts: list[str]) -> str:
    match node:
        case Number():
            return figure(node.written) + "%" * node.percent
        case Duration():
            return durations.show(node.length)
        case Negative():
            return f"-{texts[0]}"
        case Sum() | Product():
            steps = zip(node.rest, texts[1:], strict=True)
            return texts[0] + "".join(f" {op} {text}" for (op, _), text in steps)
        case Comparison():
            return f"{texts[0]} {node.op} {texts[1]}"
        case Not():
            return f"not {texts[0]}"
        case All():
            return " and ".join(texts)
        case Some():
            return " or ".join(texts)
        case Name() | Call():
            return _leaf(node)
