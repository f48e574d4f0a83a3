"""A Pratt parser: text of the rule language -> syntax tree, or a TextFault that says what to write.

Only the grammar is judged here; names, functions and dimensions are judged by `dimensions`.
"""

from __future__ import annotations

from monitor.rules.binding import INFIX, Binding
from monitor.rules.printing import written
from monitor.rules.syntax import All, Call, Comparison, Name, Negative, Node, Not, Number, Product, Some, Span, Sum
from monitor.rules.tokens import Kind, Token, tokens
from monitor.textfault import TextFault, quoted

MAX_DEPTH = 32
"""Parentheses, calls and signs inside one another. Chains do not count: they are flat."""

_EXAMPLE = "abnormal > 0"
_WORDS = {"ms": "millisecond", "s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week"}
_UNITS = {written: unit for unit, word in _WORDS.items() for written in (unit, word, f"{word}s")}
"""What people write after a number that should be a duration."""


def parse(text: str) -> Node:
    """The tree of `text`."""
    parser = _Parser(tokens(text))
    if parser.ended():
        raise TextFault(f"the expression is empty: write a condition, such as {_EXAMPLE}")
    tree = parser.expression(Binding.NOTHING)
    if not parser.ended():
        raise _astray(parser.token, parser.words[parser.place - 1])
    return tree


class _Parser:
    def __init__(self, words: list[Token]) -> None:
        self.words = words
        self.place = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        return self.words[self.place]

    def ended(self) -> bool:
        return self.token.kind is Kind.END

    def take(self) -> Token:
        token = self.words[self.place]
        self.place += 1
        return token

    def at(self, symbol: str) -> bool:
        return self.token.kind is Kind.OPERATOR and self.token.text == symbol

    def infix(self) -> Binding:
        """How tightly the operator at the present place binds, NOTHING where none stands."""
        token = self.token
        return INFIX.get(token.text, Binding.NOTHING) if token.kind is Kind.OPERATOR else Binding.NOTHING

    def expression(self, floor: Binding) -> Node:
        """What stands here as far as operators bind tighter than `floor`."""
        left = self.prefix()
        while (binding := self.infix()) > floor:
            rest = []
            while self.infix() is binding:
                op = self.take()
                rest.append((op, self.expression(binding)))
            left = _joined(binding, left, rest)
        return left

    def prefix(self) -> Node:
        token = self.take()
        if token.literal is not None:
            return token.literal
        if token.kind is Kind.NAME and not self.at("("):
            return Name(token.text, span=token.span)
        self.deeper(token)
        node = self.nested(token)
        self.depth -= 1
        return node

    def nested(self, token: Token) -> Node:
        """What holds a whole expression: a call, parentheses, a sign, a not."""
        if token.kind is Kind.NAME:
            return self.call(token)
        if token.text == "(":
            inside = self.expression(Binding.NOTHING)
            self.close(token)
            return inside
        if token.text == "-":
            operand = self.expression(Binding.PRODUCT)
            return Negative(operand, span=token.span.to(operand.span))
        if token.text == "not":
            operand = self.expression(Binding.AND)
            return Not(operand, span=token.span.to(operand.span))
        raise _no_operand(token, self.words[self.place - 2] if self.place > 1 else None)

    def call(self, name: Token) -> Node:
        opened = self.take()
        arguments = []
        if not self.at(")"):
            arguments.append(self.expression(Binding.NOTHING))
            while self.at(","):
                self.take()
                arguments.append(self.expression(Binding.NOTHING))
        end = self.close(opened)
        return Call(name.text, tuple(arguments), span=name.span.to(end.span))

    def close(self, opened: Token) -> Token:
        if self.at(")"):
            return self.take()
        if self.ended():
            raise _fault("this parenthesis is not closed: a ) is missing", opened.span)
        raise _astray(self.token, self.words[self.place - 1])

    def deeper(self, token: Token) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _fault(f"nested deeper than {MAX_DEPTH}: write it flatter, or as two rules", token.span)


def _joined(binding: Binding, left: Node, rest: list[tuple[Token, Node]]) -> Node:
    """`left` and what follows it by operators of one binding, as one flat node."""
    span = left.span.to(rest[-1][1].span)
    terms = tuple(term for _, term in rest)
    steps = tuple((op.text, term) for op, term in rest)
    if binding is Binding.OR:
        return Some((left, *terms), span=span)
    if binding is Binding.AND:
        return All((left, *terms), span=span)
    if binding is Binding.SUM:
        return Sum(left, steps, span=span)
    if binding is Binding.PRODUCT:
        return Product(left, steps, span=span)
    if len(rest) > 1:
        raise _chained(left, rest)
    return Comparison(left, rest[0][0].text, terms[0], span=span)


def _chained(left: Node, rest: list[tuple[Token, Node]]) -> TextFault:
    (first, middle), (second, right) = rest[:2]
    shared = written(middle)
    advice = f"{written(left)} {first.text} {shared} and {shared} {second.text} {written(right)}"
    if len(advice) > 100:
        advice = f"a {first.text} b and b {second.text} c"
    return _fault(f"comparisons do not chain: write {advice}", second.span)


def _no_operand(token: Token, before: Token | None) -> TextFault:
    after = f" after {quoted(before.text)}" if before else ""
    if token.kind is Kind.END:
        return _fault(f"the expression stops too early: a number, a name or ( is missing{after}", token.span)
    if token.text == "+":
        return _fault("+ has nothing on its left: leave it out", token.span)
    if token.text == ")" and not after:
        return _fault("this ) was never opened", token.span)
    return _fault(f"a number, a name or ( is missing before {quoted(token.text)}", token.span)


def _astray(token: Token, before: Token) -> TextFault:
    if token.text in ("by", "without"):
        return _fault("which instances belong together is written beside the expression: by: [account]", token.span)
    if token.text in _UNITS and isinstance(before.literal, Number):
        return _fault(f"a duration is written without a space: {before.text}{_UNITS[token.text]}", token.span)
    if token.kind is Kind.NAME and token.text.lower() in ("and", "or", "not"):
        return _fault(f"{token.text} is written in small letters: {token.text.lower()}", token.span)
    if token.text == ")":
        return _fault("this ) was never opened", token.span)
    if token.text == ",":
        return _fault("a comma stands only between the two parts of a function, as in delta(abnormal, 5m)", token.span)
    return _fault(
        f"an operator is missing before {quoted(token.text)}: write + - * /, a comparison, and, or", token.span
    )


def _fault(message: str, span: Span) -> TextFault:
    return TextFault(message, column=span.column, width=span.width)
