"""Templates of the texts that operators write: a small, safe part of Jinja. Pure.

What a template may do is listed, everything else is refused: names, numbers, `+ - * /`, comparisons, `if`, `for` and
the filters of `sandbox`. Work and output are bounded, so that no template can hold up the service.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Collection, Mapping
from datetime import datetime

from jinja2 import Template as Compiled
from jinja2 import TemplateError, TemplateSyntaxError, meta, nodes

from monitor.model import KINDS, STATUSES, Labels
from monitor.phrases import Moment
from monitor.sandbox import BOUNDED, BUDGET, ENVIRONMENT, FILTERS, LIMIT, STEPS, TESTS, MissingNameError, Span, tidy
from monitor.textfault import TextFault

_COUNTS = (*STATUSES, *(f"{kind}.{status}" for kind in KINDS for status in STATUSES))
_HEALTH = ("up", "failures", "suspicious", "age", "latency")
_SPANS = ("age", "latency")

_ALLOWED: tuple[type[nodes.Node], ...] = (
    *(nodes.Output, nodes.TemplateData, nodes.Const, nodes.Name, nodes.Getattr, nodes.Getitem),
    *(nodes.If, nodes.For, nodes.CondExpr, nodes.Filter, nodes.Test, nodes.Keyword, nodes.Tuple, nodes.List),
    *(nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos, nodes.Concat),
    *(nodes.Add, nodes.Sub, nodes.Mul, nodes.Div),
)
_NOT_HERE: dict[type[nodes.Node], str] = {
    nodes.Call: "nothing can be called here; use a filter, as in {{ labels|items }} or {{ names|join(', ') }}",
    nodes.Pow: "** is not possible here; use + - * /",
    nodes.Mod: "% is not possible here; use + - * /, or |round",
    nodes.FloorDiv: "// is not possible here; use / and |round",
    nodes.Assign: "{% set %} is not possible here; write the expression where it is needed",
}


class Template:
    """A template that has been checked; `render` fills it."""

    def __init__(self, text: str, compiled: Compiled, limit: int = LIMIT) -> None:
        self.text = text
        self._compiled = compiled
        self._limit = limit

    def render(self, names: Mapping[str, object]) -> str:
        """The text with `names` filled in. TextFault for a missing name or one of the bounds, at its column."""
        pieces: list[str] = []
        size = 0
        try:
            for piece in self._compiled.generate({**names, BUDGET: [STEPS]}):
                pieces.append(piece)
                size += len(piece)
                if size > self._limit:
                    raise TextFault(f"the text grows beyond {self._limit} characters", 1, len(self.text))
        except MissingNameError as error:
            raise _missing(self.text, error, names) from None
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise TextFault(f"cannot be filled in: {error}", 1, len(self.text)) from None
        return "".join(pieces)


def compile_template(text: str, *, limit: int = LIMIT) -> Template:
    """`text` checked and made ready. TextFault if it is too long, not a template, or does what is not allowed.

    `limit` bounds the template and what it gives, in characters.
    """
    if len(text) > limit:
        raise TextFault(f"a template has at most {limit} characters, this one has {len(text)}", 1, len(text))
    try:
        tree = ENVIRONMENT.parse(text)
        _check(text, tree)
        return Template(text, ENVIRONMENT.from_string(tree), limit)
    except TemplateSyntaxError as error:
        raise _syntax_fault(text, error) from None
    except (RecursionError, SyntaxError):
        raise TextFault("nests too deep", 1, len(text)) from None


def unknown_names(text: str, known: Collection[str]) -> list[str]:
    """The names that a sound template uses and `known` does not have."""
    return sorted(meta.find_undeclared_variables(ENVIRONMENT.parse(text)) - set(known))


def names(
    *, values: Mapping[str, float], labels: Labels, severity: str, started_at: datetime | None, value: float | None
) -> dict[str, object]:
    """What templates see: counts (`abnormal`, `cdc.abnormal`), poll health, `labels`, the labels by name, and the rest.

    `values` are flat (`{"cdc.abnormal": 3}`); those of the language that are not in it print as `unknown`. A label
    never hides a count: it is still there as `labels.name`.
    """
    flat: dict[str, float] = dict.fromkeys((*_COUNTS, *_HEALTH), math.nan) | dict(values)
    space: dict[str, object] = {}
    for name, figure in flat.items():
        head, dot, tail = name.partition(".")
        shown = Span(figure) if name in _SPANS else tidy(figure)
        if dot:
            inner = space.setdefault(head, {})
            if isinstance(inner, dict):
                inner[tail] = shown
        else:
            space[name] = shown
    rest = {
        "labels": dict(labels),
        "severity": str(severity),
        "started_at": Moment.of(started_at),
        "value": math.nan if value is None else tidy(value),
    }
    return {**labels, **space, **rest}


def _check(text: str, tree: nodes.Template) -> None:
    """Every node is of the allowed kinds; every loop is put under the budget."""
    for node in list(tree.find_all(nodes.Node)):
        if not isinstance(node, _ALLOWED):
            message = _NOT_HERE.get(type(node), f"{type(node).__name__} is not possible here")
            raise _line_fault(text, node.lineno, message)
        if isinstance(node, nodes.Name) and node.name == "self":
            raise _placed(text, "self", "'self' is not possible here")
        if isinstance(node, nodes.For):
            if node.recursive:
                raise _line_fault(text, node.lineno, "a loop cannot be recursive")
            node.iter = nodes.Filter(node.iter, BOUNDED, [], [], None, None, lineno=node.lineno)


def _syntax_fault(text: str, error: TemplateSyntaxError) -> TextFault:
    message = (error.message or "not a template").rstrip(".")
    unknown = re.match(r"No (filter|test) named '(.+)'", message)
    if unknown:
        kind, name = unknown.groups()
        known = [name for name in (FILTERS if kind == "filter" else TESTS) if name != BOUNDED]
        return _placed(text, name, f"there is no {kind} {name!r}{_guess(name, known)}")
    return _line_fault(text, error.lineno, message)


def _line_fault(text: str, line: int, message: str) -> TextFault:
    lines = text.split("\n")
    start = sum(len(before) + 1 for before in lines[: line - 1])
    return TextFault(message, start + 1, max(1, len(lines[line - 1])))


def _missing(text: str, error: MissingNameError, known: Mapping[str, object]) -> TextFault:
    among = list(known) if error.among is None else error.among
    return _placed(text, error.name, f"unknown name {error.name!r}{_guess(error.name, among)}")


def _placed(text: str, name: str, message: str) -> TextFault:
    found = re.search(rf"(?<![\w]){re.escape(name)}(?![\w])", text)
    return TextFault(message, found.start() + 1, len(name)) if found else TextFault(message, 1, len(text))


def _guess(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return f", did you mean {close[0]!r}?" if close else f"; known are {', '.join(sorted(known)[:20])}" if known else ""
