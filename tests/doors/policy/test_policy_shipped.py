"""The shipped folder works as it is, and its tests hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitor.policy.loader import examine, load
from monitor.policy.policy import Policy
from monitor.policy.schema import schema
from monitor.rules.suite import Suite

RULES = Path(__file__).parents[3] / "rules"
FILES = ("accounts.yaml", "fdi.test.yaml", "fdi.yaml", "receivers.yaml")
ENVIRONMENT = {
    "HUAWEICLOUD_SDK_AK": "AKEXAMPLE",
    "HUAWEICLOUD_SDK_SK": "SKEXAMPLE",
    "FEISHU_WEBHOOK": "https://open.feishu.cn/open-apis/bot/v2/hook/example",
}


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load(RULES, {}, doors=False)


def test_the_shipped_policy_is_sound_once_its_secrets_are_set() -> None:
    result = examine(RULES, ENVIRONMENT)
    assert (result.faults, result.warnings) == ((), ())
    assert result.policy is not None
    assert [Path(name).name for name in result.files] == list(FILES)


def test_it_says_which_secrets_are_missing() -> None:
    messages = [fault.message for fault in examine(RULES, {}).faults]
    assert len(messages) == len(ENVIRONMENT)
    for name, message in zip(ENVIRONMENT, messages, strict=True):
        assert message.startswith(f"the variable {name} is not set")


def test_every_shipped_test_passes(policy: Policy) -> None:
    suite = Suite(policy.rules, policy.route, {})
    assert {case.name: suite.play(case).failures for case in policy.cases} == {case.name: () for case in policy.cases}


def test_every_shipped_rule_fires_in_a_test(policy: Policy) -> None:
    tested = {
        labels["alertname"]
        for case in policy.cases
        for expected in case.expect
        for labels in expected.alerts or ()
        if "alertname" in labels
    }
    assert tested == {rule.name for rule in policy.rules}


@pytest.mark.parametrize("name", FILES)
def test_every_file_names_its_schema(name: str) -> None:
    first = (RULES / name).read_text().partition("\n")[0]
    assert first == "# yaml-language-server: $schema=policy.schema.json"


def test_the_shipped_schema_is_the_one_that_is_printed() -> None:
    """Mend it with: fdi-monitor schema > rules/policy.schema.json"""
    assert json.loads((RULES / "policy.schema.json").read_text()) == schema()


def test_the_schema_describes_every_field() -> None:
    bare = [
        f"{name}.{field}"
        for name, definition in schema()["$defs"].items()
        if name.endswith("Form") and name != "ReceiverForm"
        for field, described in definition["properties"].items()
        if "description" not in described
    ]
    assert bare == []
