"""The pages speak every language whole: the same keys, the same gaps to fill, and no key that is missing or idle."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

import monitor.web
from monitor.web.words import CHINESE, ENGLISH, LANGUAGES, Words, chosen

HERE = Path(monitor.web.__file__).parent


def gaps(text: str) -> set[str]:
    """What a text has to be filled with."""
    return set(re.findall(r"\{(\w+)\}", text))


def sources() -> Iterable[str]:
    """Templates and code that use the words."""
    yield from (file.read_text(encoding="utf-8") for file in sorted((HERE / "templates").glob("*.html")))
    yield from (file.read_text(encoding="utf-8") for file in sorted(HERE.glob("*.py")))


@pytest.mark.parametrize("other", [one for one in LANGUAGES.values() if one is not ENGLISH], ids=lambda one: one.code)
def test_every_language_says_the_same_things(other: Words) -> None:
    assert list(other.texts) == list(ENGLISH.texts)
    for key, text in ENGLISH.texts.items():
        # a language may do without the gap of a form that says "1" in words
        assert gaps(other.texts[key]) - {"count"} == gaps(text) - {"count"}, key
        assert text, key
        assert other.texts[key], key


def test_every_word_of_a_template_is_there_and_every_word_that_is_there_is_used() -> None:
    said = "\n".join(sources())
    named = set(re.findall(r'(?:\bt|words)\(\s*f?"([\w.]+\w)"[,)\s]', said))
    begun = set(re.findall(r'(?:\bt|words)\(\s*f?"([\w.]+\.)(?:" ~|\{)', said))
    chosen_between = set(re.findall(r'"([a-z_]+\.[a-z_.]+)"', said))
    assert named - set(ENGLISH.texts) == set()
    used = named | chosen_between
    idle = {key for key in ENGLISH.texts if key not in used and not key.startswith(tuple(begun))}
    assert idle == set()


def test_of_two_forms_the_first_is_for_one() -> None:
    assert ENGLISH("note.waiting", count=1) == "1 message waits to be delivered"
    assert ENGLISH("note.waiting", count=0) == "0 messages wait to be delivered"
    assert ENGLISH("note.waiting", count=1200) == "1,200 messages wait to be delivered"
    assert CHINESE("note.waiting", count=1) == "1 条消息等待投递"


@pytest.mark.parametrize(
    ("asked", "kept", "accepted", "language"),
    [
        ("zh", "en", "en", CHINESE),
        ("", "zh", "en", CHINESE),
        ("fr", "", "zh-CN,zh;q=0.9,en;q=0.8", CHINESE),
        ("", "", "en-US,en;q=0.9,zh;q=0.8", ENGLISH),
        ("", "", "fr,de;q=0.9, zh-TW;q=0.5, en;q=0.4", CHINESE),
        ("", "", "zh;q=0, en;q=x", ENGLISH),
        ("", "", "", ENGLISH),
    ],
)
def test_the_language_is_the_one_asked_for_then_the_one_kept_then_the_one_liked(
    asked: str, kept: str, accepted: str, language: Words
) -> None:
    assert chosen(asked, kept, accepted) is language
