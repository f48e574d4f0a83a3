"""How tightly each part of the rule language binds."""

from __future__ import annotations

import enum

from monitor.rules.syntax import All, Call, Comparison, Duration, Name, Negative, Node, Not, Number, Product, Some, Sum


class Binding(enum.IntEnum):
    """Looser first."""

    NOTHING = 0
    OR = 1
    AND = 2
    NOT = 3
    COMPARISON = 4
    SUM = 5
    PRODUCT = 6
    SIGN = 7
    ATOM = 8


INFIX = {
    "or": Binding.OR,
    "and": Binding.AND,
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), Binding.COMPARISON),
    **dict.fromkeys("+-", Binding.SUM),
    **dict.fromkeys("*/", Binding.PRODUCT),
}
"""The operators that stand between two operands."""


def binding_of(node: Node) -> Binding:
    """How tightly the parts of `node` hang together."""
    match node:
        case Number() | Duration() | Name() | Call():
            return Binding.ATOM
        case Negative():
            return Binding.SIGN
        case Product():
            return Binding.PRODUCT
        case Sum():
            return Binding.SUM
        case Comparison():
            return Binding.COMPARISON
        case Not():
            return Binding.NOT
        case All():
            return Binding.AND
        case Some():
            return Binding.OR
