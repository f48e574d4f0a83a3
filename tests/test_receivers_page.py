"""The page on receivers is whole: every kind has a section, its options are known, its pictures are there and small."""

from __future__ import annotations

import re
from pathlib import Path

import fences
import yaml

from monitor.notifiers import registry

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "receivers.md"
TEXT = PAGE.read_text(encoding="utf-8")
LARGEST_PICTURE = 120_000


def blocks() -> list[str]:
    return [block.text for block in fences.blocks("yaml", page="docs/receivers.md")]


def sections() -> list[str]:
    return re.findall(r"^## (.*)$", TEXT, flags=re.MULTILINE)


def uncommented(block: str) -> str:
    """The block with the options in it that stand in comments."""
    return re.sub(r"^(\s+)# (\w+: .*)$", r"\1\2", block, flags=re.MULTILINE)


def test_options_in_comments_are_options() -> None:
    """Those that cannot stand beside the others, such as `card` beside `at`, are known by name at least."""
    for block in blocks():
        for receiver in yaml.safe_load(uncommented(block))["receivers"]:
            for kind, given in receiver.items():
                if kind in registry.find().kinds:
                    fields = registry.find().kinds[kind].Options.model_fields
                    known = {field.alias or name for name, field in fields.items()}
                    assert set(given) <= known, (kind, set(given) - known)


def test_every_kind_has_a_section_with_its_yaml() -> None:
    named = {kind.strip() for title in sections() for kind in title.split(",")}
    assert set(registry.find().kinds) <= named
    shown = {kind for block in blocks() for receiver in yaml.safe_load(block)["receivers"] for kind in receiver}
    assert set(registry.find().kinds) - {"lark"} <= shown


def test_its_pictures_are_there_once_each_and_small() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", TEXT)
    pictures = [PAGE.parent / target for target in targets if target.endswith(".png")]
    assert len(pictures) == len(set(pictures)) > 8
    for picture in pictures:
        content = picture.read_bytes()
        assert content.startswith(b"\x89PNG\r\n")
        assert len(content) < LARGEST_PICTURE
