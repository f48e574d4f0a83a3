"""A question of the policy about an answer: an expression of the templates' language over what came back. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.templates import Template, compile_template, unknown_names
from monitor.textfault import TextFault

NAMES = ("status", "headers", "body")
_BEFORE, _AFTER = "{{ ", " }}"
_DEEPEST = 50
"""Levels of an answer that can be asked about."""


class Question:
    """`status == 200 and body.code == 0`. TextFault for what is no such expression."""

    def __init__(self, text: str) -> None:
        if "{{" in text or "{%" in text or "}}" in text or "%}" in text:
            raise TextFault("write the expression alone, without braces around it", 1, len(text))
        self._value = self._compiled(f"{_BEFORE}{text}{_AFTER}", len(_BEFORE))
        self._holds = self._compiled(f"{{% if {text} %}}1{{% endif %}}", len("{% if "))

    def holds(self, known: Mapping[str, object]) -> bool:
        """Whether it is true of an answer; one that lacks what is asked for is not what was hoped for."""
        return self._filled(self._holds, known) == "1"

    def value(self, known: Mapping[str, object]) -> str:
        """What it gives, as text; empty where the answer lacks what is asked for."""
        return self._filled(self._value, known)

    def _filled(self, template: Template, known: Mapping[str, object]) -> str:
        try:
            return template.render({name: _loose(value) for name, value in known.items()})
        except TextFault:
            return ""

    def _compiled(self, text: str, shift: int) -> Template:
        try:
            template = compile_template(text)
        except TextFault as fault:
            raise TextFault(fault.message, max(1, fault.column - shift), fault.width) from None
        for name in unknown_names(text, NAMES):
            raise TextFault(f"unknown name {name!r}; known are {', '.join(NAMES)}", 1, len(text))
        return template


class _Loose(dict[str, object]):
    """What an answer does not have is nothing: equal to nothing, and not true."""

    def __missing__(self, _: str) -> None:
        return None


def _loose(value: object, depth: int = 0) -> object:
    if depth > _DEEPEST:
        return None
    if isinstance(value, dict):
        return _Loose({name: _loose(inner, depth + 1) for name, inner in value.items()})
    return [_loose(inner, depth + 1) for inner in value] if isinstance(value, list) else value
