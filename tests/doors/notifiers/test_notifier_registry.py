"""Finding the kinds of notifier, ours and those of plugins."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
from notifier_samples import message, tools
from pydantic import SecretStr

from monitor.message import Message
from monitor.notifiers import GROUP, Notifier, Options, OptionsType, Outcome, Verdict, registry
from monitor.notifiers.console import Console, ConsoleOptions
from monitor.notifiers.feishu import Feishu, FeishuOptions, Lark
from monitor.notifiers.receiver import Integration
from monitor.notifiers.webhook import Webhook


class Good:
    Options: ClassVar[OptionsType] = Options

    def __init__(self, options: ConsoleOptions, kit: Any) -> None:
        self.given = (options, kit)

    def payload(self, message: Message) -> str:
        return message.title

    async def send(self, message: Message) -> Verdict:
        raise AssertionError("never sent")


class NoOptions(Good):
    Options = dict  # type: ignore[assignment]


class NotAsync(Good):
    def send(self, message: Message) -> Verdict:  # type: ignore[override]
        raise AssertionError("never sent")


class NoPayload:
    Options: ClassVar[OptionsType] = Options

    async def send(self, message: Message) -> Verdict:
        raise AssertionError("never sent")


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("some_plugin")
    for one in (Good, NoOptions, NotAsync, NoPayload):
        setattr(module, one.__name__, one)
    monkeypatch.setitem(sys.modules, "some_plugin", module)
    return module


GOOD: dict[str, type[Notifier]] = {"good": Good}


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=value, group=GROUP)


def test_the_kinds_of_this_package_are_found() -> None:
    found = registry.find()
    assert found.broken == ()
    assert {"console", "email", "feishu", "lark", "webhook"} <= found.kinds.keys()
    assert (found.kinds["webhook"], found.kinds["feishu"], found.kinds["lark"]) == (Webhook, Feishu, Lark)


def test_a_plugin_is_found_beside_them(plugin: ModuleType) -> None:
    found = registry.find([point("good", "some_plugin:Good")])
    assert found.kinds == GOOD


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("no_such_package:X", "cannot be loaded: ModuleNotFoundError: No module named 'no_such_package'"),
        ("some_plugin:Nothing", "cannot be loaded: AttributeError: module 'some_plugin' has no attribute 'Nothing'"),
        ("some_plugin:NoOptions", "has no class Options derived from monitor.notifiers.Options"),
        ("some_plugin:NotAsync", "has no coroutine method send(message)"),
        ("some_plugin:NoPayload", "is not a class with a method payload(message)"),
    ],
)
def test_a_broken_plugin_is_reported_and_the_others_work(plugin: ModuleType, value: str, reason: str) -> None:
    found = registry.find([point("bad", value), point("good", "some_plugin:Good")])
    assert found.kinds == GOOD
    assert found.broken == (registry.Broken("bad", value, reason),)


@pytest.mark.parametrize(
    "name", ["name", "fallback", "timeout", "language", "send_resolved", "Pigeon Post", "x: y", ""]
)
def test_a_plugin_must_have_a_name_that_a_policy_can_write(plugin: ModuleType, name: str) -> None:
    found = registry.find([point(name, "some_plugin:Good"), point("good", "some_plugin:Good")])
    assert found.kinds == GOOD
    assert [one.reason for one in found.broken] == ["cannot be written in a policy under this name; rename it"]


def test_a_plugin_that_ends_the_process_when_it_is_loaded_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "leaving_plugin.py").write_text("import sys\nsys.exit('bye')\n")
    monkeypatch.syspath_prepend(tmp_path)
    found = registry.find([point("leaver", "leaving_plugin:X"), point("console", "monitor.notifiers.console:Console")])
    assert found.kinds == {"console": Console}
    assert [one.reason for one in found.broken] == ["cannot be loaded: SystemExit: bye"]


def test_a_plugin_cannot_take_the_place_of_a_kind_of_this_package(plugin: ModuleType) -> None:
    points = [point("console", "some_plugin:Good"), point("console", "monitor.notifiers.console:Console")]
    found = registry.find(points)
    assert found.kinds == {"console": Console}
    assert [(one.source, one.reason) for one in found.broken] == [
        ("some_plugin:Good", "a kind of this name exists already; rename it")
    ]


def test_an_integration_becomes_its_notifier() -> None:
    options = FeishuOptions(webhook=SecretStr("https://example.com"))
    assert type(registry.build(Integration("feishu", options), tools())) is Feishu
    assert type(registry.build(Integration("console", ConsoleOptions()), tools())) is Console


async def test_a_notifier_that_cannot_be_made_says_so_at_every_try(monkeypatch: pytest.MonkeyPatch) -> None:
    class Explosive(Good):
        def __init__(self, options: ConsoleOptions, kit: Any) -> None:
            raise RuntimeError("boom")

    monkeypatch.setattr(registry, "find", lambda: registry.Found({"explosive": Explosive}))
    notifier = registry.build(Integration("explosive", ConsoleOptions()), tools())
    verdict = await notifier.send(message())
    assert verdict == Verdict(Outcome.UNREACHABLE, "the notifier cannot be made: RuntimeError")
    assert notifier.payload(message()) == message().title


def test_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(KeyError, match="pigeon"):
        registry.build(Integration("pigeon", ConsoleOptions()), tools())


def test_every_kind_takes_the_options_that_all_take() -> None:
    for kind, notifier in registry.find().kinds.items():
        assert {"timeout", "language", "send_resolved"} <= notifier.Options.model_fields.keys(), kind
        assert notifier.Options.model_json_schema()["additionalProperties"] is False
