"""Text of the rule language, cut into tokens."""

from __future__ import annotations

import enum
import re
from datetime import timedelta
from typing import NamedTuple

from monitor import durations
from monitor.rules.syntax import START, Duration, Number, Span
from monitor.textfault import TextFault, quoted

MAX_LENGTH = 1000
"""Characters of one expression."""

KEYWORDS = ("and", "or", "not")

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    | (?P<literal>[0-9][0-9A-Za-z_.]*%?)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
    | (?P<foreign>&&|\|\||===|=>|=<|<>|\*\*|//|=~|!~)
    | (?P<operator>==|!=|<=|>=|[-+*/()<>,])
    | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]+)?)(%?)")

_LABELS = "expressions hold numbers only; which instances a rule is for is written under match:"
_FOREIGN = {
    "&&": "write and",
    "&": "write and",
    "||": "write or",
    "|": "write or",
    "!": "write not",
    "=": "to compare, write ==",
    "===": "write ==",
    "=>": "write >=",
    "=<": "write <=",
    "<>": "write !=",
    "//": "write /",
    "**": "there are no powers; write a * a",
    "^": "there are no powers; write a * a",
    "%": "a percentage is written without a space, as in 20%",
    ".": "write 0.5 instead of .5",
    "[": "history is written delta(abnormal, 5m)",
    "]": "history is written delta(abnormal, 5m)",
    "{": _LABELS,
    "}": _LABELS,
    '"': _LABELS,
    "'": _LABELS,
    "=~": _LABELS,
    "!~": _LABELS,
}


class Kind(enum.Enum):
    """What a token is."""

    LITERAL = enum.auto()
    NAME = enum.auto()
    OPERATOR = enum.auto()
    END = enum.auto()


class Token(NamedTuple):
    """One word of the text. `literal` is what a LITERAL means."""

    kind: Kind
    text: str
    span: Span
    literal: Number | Duration | None = None


def tokens(text: str) -> list[Token]:
    """The tokens of `text`, an END last."""
    if len(text) > MAX_LENGTH:
        raise TextFault(f"{len(text):,} characters: an expression has at most {MAX_LENGTH:,}", column=MAX_LENGTH + 1)
    found = [_token(match) for match in _TOKEN.finditer(text) if match.lastgroup != "space"]
    return [*found, Token(Kind.END, "", Span(len(text.rstrip(" \t\r\n")) + 1))]


def _token(match: re.Match[str]) -> Token:
    text, span = match[0], Span(match.start() + 1, len(match[0]))
    if match.lastgroup == "literal":
        return Token(Kind.LITERAL, text, span, literal(text, span=span))
    if match.lastgroup == "name":
        return Token(Kind.OPERATOR if text in KEYWORDS else Kind.NAME, text, span)
    if match.lastgroup == "operator":
        return Token(Kind.OPERATOR, text, span)
    advice = _FOREIGN.get(text, "use numbers, names, + - * / ( ) , comparisons, and, or, not")
    raise TextFault(f"{quoted(text)} is not of this language: {advice}", column=span.column, width=span.width)


def literal(text: str, *, span: Span = START) -> Number | Duration:
    """The number, percentage or duration that `text` writes."""
    if found := _NUMBER.fullmatch(text):
        value = float(found[1])
        if value == float("inf"):
            raise TextFault(f"{quoted(text)} is too large", column=span.column, width=span.width)
        return Number(value, bool(found[2]), span=span)
    return Duration(_duration(text, span), span=span)


def _duration(text: str, span: Span) -> timedelta:
    if not re.search("[A-Za-z]", text) or re.fullmatch("[0-9.]+[eE][0-9]*", text):
        raise TextFault(
            f"{quoted(text)} is not a number: write digits, such as 5, 0.2, 20% or 100000",
            column=span.column,
            width=span.width,
        )
    try:
        return durations.parse(text)
    except ValueError as error:
        raise TextFault(str(error), column=span.column, width=span.width) from None
