"""What pydantic found wrong with a form, in the words of people."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from monitor.policy.fields import PROBLEM, listed
from monitor.policy.nodes import Loc
from monitor.policy.spot import Problem
from monitor.policy.stumbles import quoted

_Context = Mapping[str, Any]
_MAPPING = "should be a mapping: `key: value` lines, or {key: value}"
_LIST = "should be a list: `- item` lines, or [item, item]"
_WORDS: dict[str, Callable[[_Context], str]] = {
    "model_type": lambda _: _MAPPING,
    "model_attributes_type": lambda _: _MAPPING,
    "dict_type": lambda _: _MAPPING,
    "list_type": lambda _: _LIST,
    "tuple_type": lambda _: _LIST,
    "string_type": lambda _: "should be a text; put it in quotes if it is meant as one",
    "int_type": lambda _: "should be a whole number",
    "int_parsing": lambda _: "should be a whole number",
    "int_from_float": lambda _: "should be a whole number",
    "float_type": lambda _: "should be a number",
    "float_parsing": lambda _: "should be a number",
    "bool_type": lambda _: "should be true or false",
    "bool_parsing": lambda _: "should be true or false",
    "enum": lambda ctx: f"should be one of {_plain(ctx['expected'])}",
    "literal_error": lambda ctx: f"should be one of {_plain(ctx['expected'])}",
    "greater_than": lambda ctx: f"should be greater than {ctx['gt']}",
    "greater_than_equal": lambda ctx: f"should be at least {ctx['ge']}",
    "less_than": lambda ctx: f"should be less than {ctx['lt']}",
    "less_than_equal": lambda ctx: f"should be at most {ctx['le']}",
    "too_short": lambda _: "must not be empty",
    "string_too_short": lambda _: "must not be empty",
}


def problems(error: ValidationError, model: type[BaseModel]) -> Iterator[Problem]:
    """Every error of a validation of `model`, none of them with a value that pydantic saw."""
    errors = error.errors(include_input=False, include_url=False)
    for found in errors:
        context = found.get("ctx", {})
        kind, loc = found["type"], found["loc"]
        if kind == PROBLEM:
            yield context[PROBLEM].below(*loc)
        elif kind == "missing":
            yield Problem(f"{quoted(str(loc[-1]))} is missing", loc, on_key=True)
        elif kind == "extra_forbidden":
            yield Problem(unknown_key(str(loc[-1]), allowed(model, loc)), loc, on_key=True)
        elif kind == "value_error":
            yield Problem(str(context.get("error", "is not valid")), loc)
        elif kind == "too_short" and any(other["loc"][:-1] == loc for other in errors):
            # Items that are refused are not counted; a list of them is not empty.
            continue
        elif kind in _WORDS:
            yield Problem(_WORDS[kind](context), loc, plain=True)
        else:
            yield Problem(found["msg"].removeprefix("Input ").removeprefix("Value "), loc)


def unknown_key(key: str, known: Sequence[str]) -> str:
    """What to say about a key that has no meaning where it stands."""
    if not known:
        return f"unknown key {quoted(key)}: no key is allowed here, write {{}}"
    close = difflib.get_close_matches(key[:100].lower(), known, n=1, cutoff=0.6)
    hint = f", did you mean `{close[0]}`? Allowed" if close else "; allowed"
    return f"unknown key {quoted(key)}{hint} here: {listed(sorted(known))}"


def unknown_word(what: str, shown: str, name: str, known: Sequence[str]) -> str:
    """What to say about a name that names nothing. `shown` is how the file writes it, in quotes."""
    close = difflib.get_close_matches(name[:100].lower(), known, n=1, cutoff=0.6)
    if close:
        return f"there is no {what} {shown}: did you mean {close[0]}?"
    return f"there is no {what} {shown}" + (f": there are {', '.join(known[:12])}" if known else "")


def allowed(model: type[BaseModel], loc: Loc) -> list[str]:
    """The keys that the mapping around `loc` may have, as the files write them."""
    for part in loc[:-1]:
        for name, field in model.model_fields.items():
            if part in (name, field.alias):
                model = next(_models(field.annotation), model)
    return [field.alias or name for name, field in model.model_fields.items()]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _plain(expected: str) -> str:
    return expected.replace("'", "").replace(" or ", ", ")
