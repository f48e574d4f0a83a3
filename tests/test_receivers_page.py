"""The page on receivers is true: its policies load, every kind has a section, its pictures are there and small."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor.notifiers import registry
from monitor.policy.loader import examine

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "receivers.md"
TEXT = PAGE.read_text(encoding="utf-8")
ENVIRONMENT = {"FEISHU_WEBHOOK": "https://open.feishu.cn/open-apis/bot/v2/hook/example"}
LARGEST_PICTURE = 120_000
BASE: dict[str, Any] = {
    "accounts": [{"name": "prod", "region": "cn-north-4", "auth": {"token": "none"}}],
    "rules": [{"name": "broken", "when": "abnormal > 0", "severity": "critical"}],
}


def blocks() -> list[str]:
    return re.findall(r"^```yaml\n(.*?)^```$", TEXT, flags=re.DOTALL | re.MULTILINE)


def sections() -> list[str]:
    return re.findall(r"^## (.*)$", TEXT, flags=re.MULTILINE)


def uncommented(block: str) -> str:
    """The block with the options in it that stand in comments."""
    return re.sub(r"^(\s+)# (\w+: .*)$", r"\1\2", block, flags=re.MULTILINE)


@pytest.mark.parametrize("block", blocks(), ids=lambda block: yaml.safe_load(block)["receivers"][0]["name"])
def test_what_it_shows_is_a_policy(block: str, tmp_path: Path) -> None:
    names = [receiver["name"] for receiver in yaml.safe_load(block)["receivers"]]
    branches = [{"receiver": name} for name in names]
    rest = {**BASE, "route": {"receiver": names[0], "routes": branches}}
    (tmp_path / "rest.yaml").write_text(yaml.safe_dump(rest), "utf-8")
    (tmp_path / "receivers.yaml").write_text(block, "utf-8")
    examined = examine(tmp_path, ENVIRONMENT)
    assert [str(fault) for fault in examined.faults] == []


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


def test_its_pictures_and_links_are_there() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert [target for target in targets if not (PAGE.parent / target).resolve().exists()] == []
    pictures = [PAGE.parent / target for target in targets if target.endswith(".png")]
    assert len(pictures) == len(set(pictures)) > 8
    for picture in pictures:
        content = picture.read_bytes()
        assert content.startswith(b"\x89PNG\r\n")
        assert len(content) < LARGEST_PICTURE
