"""Files that change under a running service: each that is good counts, each that is not stays as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from policy_folders import ACCOUNTS, ENVIRONMENT, RULES, TELLING, folder

from monitor.policy.loader import load
from monitor.policy.policy import Policy
from monitor.policy.reload import Attempt, again, compared

MORE = "rules:\n  - {name: more, when: up == 0, severity: info}\n"
PARTS = {"accounts": ACCOUNTS, "telling": TELLING, "rules": RULES}


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return folder(tmp_path / "rules", "# nothing", **PARTS)


@pytest.fixture
def before(rules: Path) -> Policy:
    return load(rules, ENVIRONMENT)


def names(attempt: Attempt) -> list[str]:
    return [rule.name for rule in attempt.policy.rules]


def kept(attempt: Attempt) -> list[str]:
    return [Path(one).name for one in attempt.kept]


def test_good_files_are_what_counts(rules: Path, before: Policy) -> None:
    folder(rules, MORE)
    attempt = again(before, rules, ENVIRONMENT)
    assert (names(attempt), attempt.faults, attempt.kept) == (["more", "cdc"], (), ())
    assert compared(before, attempt.policy).rules.added == ("more",)


def test_a_rule_that_did_not_change_is_the_very_same(rules: Path, before: Policy) -> None:
    folder(rules, MORE)
    assert again(before, rules, ENVIRONMENT).policy.rules[1] is before.rules[0]


@pytest.mark.parametrize(
    "broken", ["rules: [", "rules: [{name: cdc, when: cdc.abnromal > 0, severity: info}]", b"\0", b"\xff\xfe", "no: 1"]
)
def test_a_broken_file_stays_as_it_was_and_the_others_load(rules: Path, before: Policy, broken: str | bytes) -> None:
    folder(rules, MORE, rules=broken)
    attempt = again(before, rules, ENVIRONMENT)
    assert names(attempt) == ["more", "cdc"]
    assert kept(attempt) == ["rules.yaml"]
    assert {Path(fault.file).name for fault in attempt.faults} == {"rules.yaml"}
    assert names(again(attempt.policy, rules, ENVIRONMENT)) == ["more", "cdc"], "it stays so until it is mended"
    folder(rules, MORE, rules=RULES.replace("cdc\n", "mended\n"))
    mended = again(attempt.policy, rules, ENVIRONMENT)
    assert (names(mended), mended.faults) == (["more", "mended"], ())


def test_a_broken_new_file_is_left_out(rules: Path, before: Policy) -> None:
    folder(rules, "# nothing", new="rules: [")
    attempt = again(before, rules, ENVIRONMENT)
    assert (names(attempt), kept(attempt)) == (["cdc"], ["new.yaml"])


def test_a_file_that_cannot_be_read_stays_as_it_was(rules: Path, before: Policy) -> None:
    (rules / "rules.yaml").unlink()
    (rules / "rules.yaml").symlink_to("rules.yaml")
    attempt = again(before, rules, ENVIRONMENT)
    assert (names(attempt), kept(attempt)) == (["cdc"], ["rules.yaml"])
    assert "cannot be read" in attempt.faults[0].message


def test_a_change_that_takes_from_another_file_what_it_needs_is_the_one_that_waits(rules: Path, before: Policy) -> None:
    receivers = "receivers:\n  - {name: ops-chat, console: {}}\n"
    folder(rules, "# nothing", telling="route: {receiver: ops-chat}", who=receivers)
    split = again(before, rules, ENVIRONMENT).policy
    folder(rules, MORE, who=receivers.replace("ops-chat", "ops"))
    attempt = again(split, rules, ENVIRONMENT)
    assert (names(attempt), kept(attempt)) == (["more", "cdc"], ["who.yaml"])
    [fault] = attempt.faults
    assert Path(fault.file).name == "telling.yaml"
    (rules / "who.yaml").unlink()
    attempt = again(split, rules, ENVIRONMENT)
    assert (names(attempt), kept(attempt)) == (["more", "cdc"], ["who.yaml"])


def test_what_no_single_file_explains_leaves_everything_as_it_was(rules: Path, before: Policy) -> None:
    folder(rules, MORE)
    attempt = again(before, rules, {})
    assert attempt.policy is before
    assert "TOKEN" in attempt.faults[0].message


def test_a_folder_that_vanishes_leaves_everything_as_it_was(rules: Path, before: Policy) -> None:
    rules.rename(rules.with_name("away"))
    attempt = again(before, rules, ENVIRONMENT)
    assert attempt.policy is before
    assert "does not exist" in attempt.faults[0].message


def test_another_secret_is_another_account_and_the_answer_does_not_show_it(rules: Path, before: Policy) -> None:
    attempt = again(before, rules, {"TOKEN": "canary-0815"})
    changes = compared(before, attempt.policy)
    assert changes.accounts.changed == ("prod",)
    assert not changes.rules
    assert "canary" not in str(changes.as_dict())
    assert (str(changes.accounts), str(changes.rules)) == ("1 changed", "no change")
