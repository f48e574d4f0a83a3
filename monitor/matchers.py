"""Matchers over labels, in Alertmanager's syntax: `env="prod", instance=~"orders-.*"`. A comma is "and". Pure.

Source: prometheus/alertmanager, `matcher/parse` and `pkg/labels`. Regular expressions are RE2's, as there, matched
against the whole value: the time they take grows with the value's length and never faster, whatever they say. A label
that is missing counts as empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import re2  # type: ignore[import-untyped]

from monitor.model import Labels
from monitor.textfault import TextFault, quoted

OPERATORS = ("=~", "!~", "!=", "=")

MAX_LENGTH = 10_000
"""Characters of one text of matchers."""

_EXAMPLE = 'env="prod"'
_QUIET = re2.Options()
_QUIET.log_errors = False
_QUIET.max_mem = 2 * 1024 * 1024
_SPACE = re.compile(r"[ \t\r\n]*")
_BARE = re.compile(r"""[^\s{}!=~,"'`\\]+""")
_BARE_VALUE = re.compile(r"""[^\s{}!=~,"'`]+""")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r'\\(["\\n])')
_OPERATOR = re.compile("=~|!~|!=|=")
_HALF = re.compile("[\ud800-\udfff]")


class _Regex(Protocol):
    """A compiled regular expression."""

    def fullmatch(self, text: bytes, /) -> object: ...


class Matcher(NamedTuple):
    """One condition on one label. `op` is one of `= != =~ !~`."""

    name: str
    op: str
    value: str

    def __str__(self) -> str:
        name = self.name if _BARE.fullmatch(self.name) else _written(self.name)
        return f"{name}{self.op}{_written(self.value)}"


@dataclass(frozen=True, slots=True)
class Matchers:
    """Conditions that must all hold. No condition matches everything. TextFault where an operator or a regular
    expression is not one."""

    matchers: tuple[Matcher, ...] = ()
    _regexes: tuple[_Regex | None, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_regexes", tuple(_regex(matcher, column=1) for matcher in self.matchers))

    def match(self, labels: Labels) -> bool:
        """Whether all conditions hold for `labels`."""
        for (name, op, value), regex in zip(self.matchers, self._regexes, strict=True):
            actual = labels.get(name, "")
            found = actual == value if regex is None else regex.fullmatch(_encoded(actual)) is not None
            if found is (op[0] == "!"):
                return False
        return True

    def __str__(self) -> str:
        """The canonical writing, which `parse` reads back."""
        return ",".join(str(matcher) for matcher in self.matchers)


EVERYTHING = Matchers(())
"""Matches all labels."""


def parse(text: str) -> Matchers:
    """The matchers that `text` writes; an empty text matches everything. Braces around them are optional."""
    if len(text) > MAX_LENGTH:
        raise TextFault(f"{len(text):,} characters of matchers: at most {MAX_LENGTH:,}")
    return Matchers(tuple(_Reader(text).all()))


class _Reader:
    """Goes through one text from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def all(self) -> Iterator[Matcher]:
        opened = self.take("{")
        while self.rest() and not self.text.startswith("}", self.place):
            yield self.matcher()
            if not self.take(","):
                break
        if opened and not self.take("}"):
            raise self.fault("} is missing: the { at the start is not closed" if not self.rest() else self.astray())
        if self.rest():
            raise self.fault(self.astray())

    def matcher(self) -> Matcher:
        name = self.word("a label name", f"write {_EXAMPLE}", _BARE)
        self.rest()
        found = _OPERATOR.match(self.text, self.place)
        if found is None:
            raise self.fault(f"one of = != =~ !~ is missing after {quoted(name)}: write {_EXAMPLE}")
        if self.text.startswith("==", self.place):
            raise self.fault('one = is enough: write name="value"', width=2)
        self.place = found.end()
        self.rest()
        column = self.place + 1
        value = self.word(f"the value of {quoted(name)}", f'write {name}{found[0]}"..."', _BARE_VALUE)
        matcher = Matcher(name, found[0], value)
        _regex(matcher, column=column, width=self.place - column + 1)
        return matcher

    def word(self, what: str, advice: str, bare: re.Pattern[str]) -> str:
        """A name or a value, quoted or bare, at the present place."""
        self.rest()
        if found := _QUOTED.match(self.text, self.place):
            self.place = found.end()
            return _ESCAPE.sub(lambda escape: "\n" if escape[1] == "n" else escape[1], found[1])
        if found := bare.match(self.text, self.place):
            self.place = found.end()
            return found[0]
        here = self.text[self.place : self.place + 1]
        if here == '"':
            raise self.fault('the closing " is missing', width=len(self.text) - self.place)
        if here in ("'", "`"):
            raise self.fault(f"{here} does not quote here: use double quotes, such as {_EXAMPLE}")
        raise self.fault(f"{what} is missing: {advice}")

    def rest(self) -> bool:
        """Whether anything but space is left; goes to it."""
        found = _SPACE.match(self.text, self.place)
        self.place = found.end() if found else self.place
        return self.place < len(self.text)

    def take(self, mark: str) -> bool:
        if self.rest() and self.text.startswith(mark, self.place):
            self.place += 1
            return True
        return False

    def astray(self) -> str:
        return (
            f"{quoted(self.text[self.place])} is not expected here: put a comma between matchers, and quote values "
            f"that hold other than letters, digits and - _ . such as {_EXAMPLE}"
        )

    def fault(self, message: str, *, width: int = 1) -> TextFault:
        return TextFault(message, column=self.place + 1, width=width)


def _regex(matcher: Matcher, *, column: int, width: int = 1) -> _Regex | None:
    """The compiled expression of a matcher with `=~` or `!~`, None for the others."""
    if matcher.op not in OPERATORS:
        raise TextFault(f"{quoted(matcher.op)} is not one of = != =~ !~", column=column, width=width)
    if matcher.op in ("=", "!="):
        return None
    try:
        compiled: _Regex = re2.compile(matcher.value, _QUIET)
    except UnicodeEncodeError:
        reason = "it holds half a character"
    except re2.error as error:
        reason = str(error.args[0], "utf-8", "replace") if isinstance(error.args[0], bytes) else str(error)
    else:
        return compiled
    raise TextFault(
        f"{quoted(matcher.value)} is not a regular expression: {_explained(reason, matcher.value)}",
        column=column,
        width=width,
    )


def _explained(reason: str, text: str) -> str:
    """RE2's words, with ours where it knows less than other engines."""
    what, _, part = reason.partition(": ")
    if what == "invalid perl operator" and part.startswith(("(?=", "(?!", "(?<")):
        return f"nothing looks ahead or behind here ({part}); add a matcher with !~"
    if what == "invalid repetition size":
        return f"{part} repeats more than 1,000 times, all levels together"
    if re.fullmatch(r"\\[1-9]", part):
        return f"there are no references back ({part})"
    return reason if len(part) < len(text) or not part else what


def _encoded(text: str) -> bytes:
    """`text` as RE2 reads it, which told so counts no characters, with a sign for each half of a character, which no
    UTF-8 can hold: they come from broken JSON."""
    return text.encode() if text.isascii() else _HALF.sub("\ufffd", text).encode()


def _written(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
