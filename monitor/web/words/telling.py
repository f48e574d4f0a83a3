"""The stories of alerts, and what is wrong with a text, in the reader's language. They are told in English, by the
service and its commands alike, so their sentences are the keys, as in catalogues of translations. What has none is
shown as it is. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import re2  # type: ignore[import-untyped]

from monitor.web.words import faults_zh, story_zh

_GAP = re.compile(r"\{(\w+)\}")
_WORDS = {**faults_zh.WORDS, **story_zh.WORDS}
_COUNTED = re.compile(r"(\d+) ?([a-z]+)")


def told(text: str, language: str) -> str:
    """`text` of a story in `language`. The time it takes grows with the text, whatever that says."""
    return _chinese(text) if language == "zh" else text


def _chinese(text: str) -> str:
    if text in _WORDS:
        return _WORDS[text]
    for pattern, sentence in _sentences():
        if (found := pattern.fullmatch(text)) is not None:
            return sentence.format_map({name: _filled(name, value) for name, value in found.groupdict().items()})
    return text


def _filled(name: str, value: str) -> str:
    """What stands in a gap."""
    if name.startswith(("more", "cause")):
        return _chinese(value)
    if name.startswith(("span", "tries", "counts")):
        return _counted(value)
    return _WORDS.get(value, value) if name.startswith(("word", "severity")) else value


def _counted(text: str) -> str:
    units: Mapping[str, str] = story_zh.UNITS
    return _COUNTED.sub(lambda found: f"{found[1]} {units.get(found[2], found[2])}", text).replace(", ", "，")


@cache
def _sentences() -> tuple[tuple[Any, str], ...]:
    sentences = {**story_zh.SENTENCES, **faults_zh.SENTENCES}
    return tuple((re2.compile(_pattern(english)), chinese) for english, chinese in sentences.items())


def _pattern(sentence: str) -> str:
    parts = _GAP.split(sentence)
    return "(?s)" + "".join(f"(?P<{part}>.+?)" if place % 2 else re2.escape(part) for place, part in enumerate(parts))
