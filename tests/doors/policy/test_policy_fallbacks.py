"""An account that writes no `auth`: the environment, then the official SDK's file, then an error at its line."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from policy_folders import RULES, TELLING, folder
from pydantic import SecretStr

from monitor import redaction
from monitor.fdi.account import Account, Aksk
from monitor.policy.fallbacks import NoCredentials, find
from monitor.policy.loader import Examined, examine, load

PLAIN = "accounts:\n  - name: prod\n    region: cn-north-4\n"
CANARY = "canaryHUNTER2secretvalue"
BY_ENVIRONMENT = {"HUAWEICLOUD_SDK_AK": "AK-env", "HUAWEICLOUD_SDK_SK": f"{CANARY}-env"}
PROFILE = f"[basic]\nak = AK-file\nsk = {CANARY}-file\n"


def account(where: Path, environment: Mapping[str, str], text: str = PLAIN) -> Account:
    [only] = load(folder(where / "rules", text + TELLING + RULES), environment).accounts
    return only


def examined(where: Path, environment: Mapping[str, str], text: str = PLAIN) -> Examined:
    return examine(folder(where / "rules", text + TELLING + RULES), environment)


def profile(home: Path, text: str | bytes = PROFILE) -> dict[str, str]:
    """A home with a credentials file, as the environment names it."""
    file = home / ".huaweicloud" / "credentials"
    file.parent.mkdir()
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return {"HOME": str(home)}


def test_the_environment_gives_the_keys(tmp_path: Path) -> None:
    found = account(tmp_path, BY_ENVIRONMENT)
    assert found.auth == Aksk("AK-env", SecretStr(f"{CANARY}-env"))
    assert found.project_id == ""


def test_the_environment_gives_temporary_keys_and_the_project_too(tmp_path: Path) -> None:
    more = {"HUAWEICLOUD_SDK_SECURITY_TOKEN": f"{CANARY}-sts", "HUAWEICLOUD_SDK_PROJECT_ID": "p-env"}
    found = account(tmp_path, {**BY_ENVIRONMENT, **more}, PLAIN + "    instances: [{id: i-1}]\n")
    assert found.auth == Aksk("AK-env", SecretStr(f"{CANARY}-env"), SecretStr(f"{CANARY}-sts"))
    assert (found.project_id, found.instances[0].project_id) == ("p-env", "p-env")


def test_the_file_in_the_home_gives_them_where_the_environment_does_not(tmp_path: Path) -> None:
    text = PROFILE + f"security_token = {CANARY}-sts\nproject_id = p-file\n[global]\nak = no\nsk = no\n"
    found = account(tmp_path, {**profile(tmp_path, text), "HUAWEICLOUD_SDK_AK": "", "HUAWEICLOUD_SDK_SK": ""})
    assert found.auth == Aksk("AK-file", SecretStr(f"{CANARY}-file"), SecretStr(f"{CANARY}-sts"))
    assert found.project_id == "p-file"


def test_the_environment_comes_first_and_is_taken_whole(tmp_path: Path) -> None:
    text = PROFILE + f"security_token = {CANARY}-sts\nproject_id = p-file\n"
    found = account(tmp_path, {**profile(tmp_path, text), **BY_ENVIRONMENT})
    assert (found.auth, found.project_id) == (Aksk("AK-env", SecretStr(f"{CANARY}-env")), "")


def test_another_file_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "keys.ini").write_text(PROFILE.replace("AK-file", "AK-named"))
    (tmp_path / "home").mkdir()
    named = {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(tmp_path / "keys.ini"), **profile(tmp_path / "home")}
    assert account(tmp_path, named).auth == Aksk("AK-named", SecretStr(f"{CANARY}-file"))


def test_what_the_account_writes_wins(tmp_path: Path) -> None:
    environment = {**BY_ENVIRONMENT, "HUAWEICLOUD_SDK_PROJECT_ID": "p-env"}
    assert account(tmp_path, environment, PLAIN + "    project_id: mine\n").project_id == "mine"
    text = PLAIN + "    auth: {aksk: {access_key: AK-own, secret_key: sk-own}}\n"
    own = account(tmp_path, environment, text)
    assert (own.auth, own.project_id) == (Aksk("AK-own", SecretStr("sk-own")), "")


def test_the_environment_of_this_process_is_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**BY_ENVIRONMENT, **profile(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(NoCredentials):
        find({})


@pytest.mark.parametrize("environment", [{}, {"HOME": "/nonexistent"}, {"HUAWEICLOUD_SDK_AK": ""}])
def test_with_nothing_to_fall_back_on_each_account_is_told_what_to_write(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    faults = examined(tmp_path, environment, PLAIN + "  - name: test\n    region: cn-north-4\n").faults
    assert [(fault.line, fault.column, fault.path) for fault in faults] == [
        (2, 5, "accounts.0.auth"),
        (4, 5, "accounts.1.auth"),
    ]
    [message] = {fault.message for fault in faults}
    assert message == (
        "`auth` is missing: write it, as in `auth: {agency: {}}` on an ECS server; or set HUAWEICLOUD_SDK_AK and"
        " HUAWEICLOUD_SDK_SK in the environment or in .env, or ak and sk under [basic] in ~/.huaweicloud/credentials"
    )


@pytest.mark.parametrize("present", ["AK", "SK"])
def test_half_a_pair_is_a_fault_and_no_reason_to_look_further(tmp_path: Path, present: str) -> None:
    environment = {**profile(tmp_path), f"HUAWEICLOUD_SDK_{present}": CANARY}
    [fault] = examined(tmp_path, environment).faults
    absent = "SK" if present == "AK" else "AK"
    assert fault.message == (
        f"`auth` is missing, and HUAWEICLOUD_SDK_{absent} is not set: set it together with HUAWEICLOUD_SDK_{present}"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "has no section [basic]: write ak and sk below it"),
        (f"[global]\nak = A\nsk = {CANARY}\n", "has no section [basic]"),
        (f"[basic]\nsk = {CANARY}\n", "and ak in [basic] of {file} is not set: set it together with sk in [basic]"),
        ("[basic]\nak = A\n", "and sk in [basic] of {file} is not set"),
        (
            f"[basic]\nak = A\nsk = {CANARY} {CANARY}é\n",
            "sk in [basic] of {file} cannot be used: a secret is printable",
        ),
        (f"ak = A\nsk = {CANARY}\n", "{file} is not written as [basic] with lines such as `ak = ...` below"),
        (f"[basic]\nak = A\n{CANARY}\n", "{file} is not written as [basic]"),
        (f"[basic]\nsk = {CANARY}\nsk = {CANARY}\n", "{file} is not written as [basic]"),
        (b"[basic]\nak = \xff", "{file} is not text in UTF-8"),
        (b"[basic]\n" + b"#" * 70_000, "{file} is larger than 64 KiB"),
    ],
)
def test_a_file_that_gives_no_keys_is_a_fault_that_names_it_and_tells_no_secret(
    tmp_path: Path, text: str | bytes, reason: str
) -> None:
    [fault] = examined(tmp_path, profile(tmp_path, text)).faults
    assert reason.format(file=tmp_path / ".huaweicloud" / "credentials") in fault.message
    assert fault.message.startswith("`auth` is missing, and ")
    assert CANARY not in repr(fault) + str(fault)
    assert (fault.line, fault.column) == (2, 5)


def test_a_broken_file_tells_its_lines_not_even_in_a_traceback(tmp_path: Path) -> None:
    with pytest.raises(NoCredentials) as caught:
        find(profile(tmp_path, f"[basic]\nak = A\n{CANARY}\n"))
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (lambda _path: None, "cannot be read: No such file or directory: write `auth`, or mend the file"),
        (lambda path: path.mkdir(), "cannot be read: Is a directory"),
        (os.mkfifo, "is not a regular file"),
    ],
)
def test_a_file_that_is_named_has_to_be_one(tmp_path: Path, prepare: Callable[[Path], None], reason: str) -> None:
    prepare(tmp_path / "keys")
    [fault] = examined(tmp_path, {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(tmp_path / "keys")}).faults
    assert f"`auth` is missing, and {tmp_path / 'keys'} {reason}" in fault.message


def test_what_was_found_is_masked_in_logs_from_then_on(tmp_path: Path) -> None:
    found = account(tmp_path, profile(tmp_path, "[basic]\nak = AK-9\nsk = SK-9-hidden\nsecurity_token = ST-9-hidden\n"))
    assert "hidden" not in redaction.redact("signing with SK-9-hidden and ST-9-hidden")
    assert "hidden" not in repr(found)


def test_rules_are_played_without_any_credentials(tmp_path: Path) -> None:
    policy = load(folder(tmp_path, PLAIN + TELLING + RULES), {}, doors=False)
    assert policy.accounts == ()


@pytest.mark.parametrize("provider", ["EnvCredentialProvider", "ProfileCredentialProvider"])
@pytest.mark.parametrize("more", ["", f"security_token = {CANARY}-sts\nproject_id : p1\n"])
def test_the_official_sdk_finds_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str, more: str
) -> None:
    environment = profile(tmp_path, PROFILE + more)
    if provider.startswith("Env"):
        names = {"security_token": f"{CANARY}-sts", "project_id": "p-env"} if more else {}
        environment |= BY_ENVIRONMENT | {f"HUAWEICLOUD_SDK_{name.upper()}": value for name, value in names.items()}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    module: Any = importlib.import_module("huaweicloudsdkcore.auth.provider")
    theirs = getattr(module, provider).get_basic().get_credentials()
    ours = find(environment)
    assert (ours.auth.access_key, ours.auth.secret_key.get_secret_value()) == (theirs.ak, theirs.sk)
    assert ours.auth.security_token == (SecretStr(theirs.security_token) if theirs.security_token else None)
    assert ours.project_id == (theirs.project_id or "")
