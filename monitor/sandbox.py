"""The Jinja environment in which operators' templates run: what they can reach, and within which bounds. Pure.

Items of the names given can be reached, attributes of objects cannot. Arithmetic is on numbers; every text in between
and the turns of all loops are bounded.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NoReturn

from jinja2 import StrictUndefined, UndefinedError, filters, pass_context
from jinja2 import tests as jinja_tests
from jinja2.runtime import Context, LoopContext, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from monitor import phrases
from monitor.writing import number

LIMIT = 2_000
"""Characters: of a template, of its output, and of every text in between."""
STEPS = 200
"""Turns of all loops of one rendering together."""
BUDGET = " budget"
"""The name under which a rendering carries what is left of `STEPS`; no template can write it."""
BOUNDED = " bounded"
"""The filter that takes a loop's turns from the budget; no template can write it."""


class Span(float):
    """Seconds that print as a duration: `4m`."""

    def __str__(self) -> str:
        return phrases.duration(float(self)) if math.isfinite(self) else "unknown"


class MissingNameError(UndefinedError):
    """A template uses a name that is not there. `among` are the names beside which it was looked for, None for all."""

    def __init__(self, name: str, among: Collection[str] | None) -> None:
        super().__init__(f"{name!r} is not defined")
        self.name = name
        self.among = among


class _Missing(StrictUndefined):
    """A name that is not there; using it in any way but `default` and `is defined` is a fault."""

    __slots__ = ()

    def _fail_with_undefined_error(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        owner = self._undefined_obj
        among = [str(key) for key in owner] if isinstance(owner, Mapping) else []
        raise MissingNameError(str(self._undefined_name), None if owner is missing else among)

    __iter__ = __str__ = __len__ = __eq__ = __ne__ = __bool__ = __hash__ = _fail_with_undefined_error
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _fail_with_undefined_error
    __truediv__ = __rtruediv__ = __neg__ = __pos__ = __contains__ = _fail_with_undefined_error
    __lt__ = __le__ = __gt__ = __ge__ = __int__ = __float__ = _fail_with_undefined_error


class _Environment(ImmutableSandboxedEnvironment):
    """Items instead of attributes, arithmetic on numbers alone."""

    intercepted_binops = frozenset("+-*/")

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, LoopContext) and attribute in ("index", "index0", "first", "last", "length"):
            return getattr(obj, attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Undefined):
            return str(obj)
        if isinstance(obj, (Mapping, list, tuple)):
            try:
                return obj[argument]
            except (LookupError, TypeError):
                return self.undefined(obj=obj, name=argument)
        return self.undefined(obj=obj, name=argument)

    def call_binop(
        self,
        context: Context,  # noqa: ARG002 - the signature is Jinja's
        operator: str,
        left: Any,
        right: Any,
    ) -> Any:
        for side in (left, right):
            if isinstance(side, Undefined):
                str(side)
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            return _short(left + right)
        if not isinstance(left, (int, float)) or not isinstance(right, (int, float)):
            raise TypeError(f"{operator} stands between numbers")
        return tidy(_OPERATORS[operator](left, right))


def _divide(left: float, right: float) -> float:
    """As in the language of the rules: n/0 is infinite, 0/0 unknown."""
    if right:
        return left / right
    return math.copysign(math.inf, left) if left and not math.isnan(left) else math.nan


_OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": _divide,
}


def tidy(figure: float) -> float:
    """A whole number as an int, so that it prints without `.0` wherever it ends up."""
    if isinstance(figure, int) or not math.isfinite(figure):
        return figure
    return int(figure) if figure == int(figure) else figure


def _short(text: str) -> str:
    if len(text) > LIMIT:
        raise ValueError(f"a text within grows beyond {LIMIT} characters")
    return text


def _show(value: Any) -> Any:
    """How a value is printed."""
    if isinstance(value, Mapping):
        raise TypeError(f"a whole group of values cannot be printed, choose one of {', '.join(map(str, value))}")
    if isinstance(value, float) and not isinstance(value, Span):
        return number(value)
    return value


@pass_context
def _bounded(context: Context, items: Any) -> Iterator[Any]:
    """The items of a loop, each paid from the budget of the rendering."""
    budget = context[BUDGET]
    for item in items:
        budget[0] -= 1
        if budget[0] < 0:
            raise ValueError(f"loops turn more than {STEPS} times")
        yield item


def _join(items: Any, between: str = "") -> str:
    return _short(_short(str(between)).join(str(_show(item)) for item in items))


def _round(figure: Any, digits: int = 0) -> float:
    return tidy(round(float(figure), max(0, min(10, int(digits))))) if math.isfinite(figure) else figure


def _tojson(value: Any) -> str:
    """The value as JSON, texts with their quotation marks. What the names given hold bounds its length."""
    if isinstance(value, Undefined):
        str(value)
    return json.dumps(value, ensure_ascii=False)


def _within(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` on texts of bounded length."""

    def guarded(text: Any, *args: Any) -> Any:
        return _short(function(_short(str(_show(text))), *args))

    return guarded


def _known(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, never asked about a name that is not there: the name is what is wrong then."""

    def guarded(value: Any, *args: Any) -> Any:
        return function(str(value) if isinstance(value, Undefined) else value, *args)

    return guarded


_PHRASES = ("clock", "date", "duration", "percent", "thousands", "time", "word")

FILTERS: dict[str, Callable[..., Any]] = {
    **{name: _within(getattr(str, name)) for name in ("capitalize", "lower", "title", "upper")},
    "trim": _within(str.strip),
    **{name: _known(getattr(phrases, name)) for name in _PHRASES},
    "abs": _known(abs),
    "default": filters.do_default,
    "first": filters.FILTERS["first"],
    "int": filters.do_int,
    "items": lambda group: sorted(group.items()) if isinstance(group, Mapping) else [],
    "join": _join,
    "last": filters.FILTERS["last"],
    "length": len,
    "max": max,
    "min": min,
    "round": _round,
    "sort": sorted,
    "sum": sum,
    "tojson": _tojson,
    BOUNDED: _bounded,
}
TESTS = {name: jinja_tests.TESTS[name] for name in ("defined", "undefined", "number", "string", "none")}


def _environment() -> _Environment:
    environment = _Environment(undefined=_Missing, finalize=_show, optimized=False, cache_size=0)
    environment.globals = {}
    environment.filters = dict(FILTERS)
    environment.tests = dict(TESTS)
    return environment


ENVIRONMENT = _environment()
