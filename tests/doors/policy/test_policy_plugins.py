"""Kinds of receivers that other people wrote: whatever their options do, the policy is read to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from pydantic import field_validator

from monitor.message import Message
from monitor.notifiers import Options, OptionsType, Verdict, registry
from monitor.policy.loader import examine
from monitor.policy.schema import schema


class PigeonOptions(Options):
    """Cannot be described by any schema, and its check is broken."""

    loft: str = ""
    train: Callable[[], None] | None = None

    @field_validator("loft")
    @classmethod
    def _loft(cls, value: str) -> str:
        return {"roof": "roof"}[value]


class Pigeon:
    Options: ClassVar[OptionsType] = PigeonOptions

    def __init__(self, options: PigeonOptions, tools: Any) -> None:
        self.given = options

    def payload(self, message: Message) -> str:
        return message.title

    async def send(self, message: Message) -> Verdict:
        raise AssertionError("never sent")


@pytest.fixture(autouse=True)
def _pigeons(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    found = registry.Found({**registry.find().kinds, "pigeon": Pigeon})
    with monkeypatch.context() as patch:
        patch.setattr(registry, "find", lambda: found)
        yield


def problems(folder: Path, loft: str) -> list[str]:
    policy = {
        "accounts": [{"name": "prod", "region": "cn-north-4", "auth": {"token": "none"}}],
        "rules": [{"name": "broken", "when": "abnormal > 0", "severity": "critical"}],
        "receivers": [{"name": "birds", "pigeon": {"loft": loft}}, {"name": "screen", "console": {"hue": "red"}}],
        "route": {"receiver": "birds", "routes": [{"receiver": "screen"}]},
    }
    (folder / "all.yaml").write_text(yaml.safe_dump(policy))
    return [str(fault) for fault in examine(folder, {}).faults]


def test_a_check_that_fails_itself_is_a_fault_at_its_place_and_the_other_faults_are_found(tmp_path: Path) -> None:
    broken, other = sorted(problems(tmp_path, "canary-7f3a91"), key=lambda text: "hue" in text)
    assert "its options cannot be checked: the kind itself failed (KeyError)" in broken
    assert "hue" in other
    [other] = problems(tmp_path, "roof")
    assert "hue" in other


def test_a_kind_that_no_schema_describes_takes_any_mapping() -> None:
    properties = schema()["$defs"]["ReceiverForm"]["properties"]
    assert properties["pigeon"] == {"title": "PigeonOptions", "type": "object"}
    assert "webhook" in properties["feishu"]["properties"]
