"""References are filled in; no secret, written or filled in, is ever shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from policy_folders import ACCOUNTS, ENVIRONMENT, RULES, TELLING, folder
from pydantic import SecretStr

from monitor import redaction
from monitor.fdi.account import Aksk, Token
from monitor.policy.loader import Examined, examine, load
from monitor.policy.masking import mask_blindly, secretish

CANARY = "canaryHUNTER2secretvalue"


def account(auth: str) -> str:
    return ACCOUNTS.replace('{token: "${TOKEN}"}', auth)


def examined(where: Path, text: str, **environment: str) -> Examined:
    return examine(folder(where, text), environment)


def faults(where: Path, text: str, **environment: str) -> str:
    """All that is said, for people and in reprs."""
    result = examined(where, text, **environment)
    assert result.faults, "the test is about a faulty policy"
    return "\n".join(str(fault) for fault in (*result.faults, *result.warnings)) + repr(result.faults)


def token(where: Path, text: str, **environment: str) -> str:
    [only] = load(folder(where, account(f"{{token: {text}}}") + TELLING + RULES), environment).accounts
    assert isinstance(only.auth, Token)
    return only.auth.token.get_secret_value()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"${A}"', "one"),
        ('"x-${A}-${B}"', "x-one-two"),
        ('"${C:-three}"', "three"),
        ('"${EMPTY:-three}"', "three"),
        ('"${A:-three}"', "one"),
        ('"${C:-}x"', "x"),
        ('"$${A}"', "${A}"),
        ('"$$$$5"', "$$5"),
        ('"cost$5"', "cost$5"),
        ('"${NESTED}"', "${A}"),
    ],
)
def test_references_are_filled_in(tmp_path: Path, text: str, value: str) -> None:
    assert token(tmp_path, text, A="one", B="two", EMPTY="", NESTED="${A}") == value


def test_plain_text_outside_of_braces_needs_no_quotes(tmp_path: Path) -> None:
    text = account("\n      token: ${A}") + TELLING + RULES
    assert load(folder(tmp_path, text), {"A": "one"}).accounts[0].auth == Token(SecretStr("one"))


def test_a_file_is_read_without_the_line_end_at_its_end(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\r\n")
    assert token(tmp_path / "rules", f'"${{file:{tmp_path}/secret}}"') == "s3cret"
    assert token(tmp_path / "rules", '"${file:../secret}"') == "s3cret"


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (lambda path: path.mkdir(), "Is a directory"),
        (os.mkfifo, "is not a regular file"),
        (lambda path: path.write_bytes(b"x" * 70_000), "is larger than 64 KiB"),
        (lambda path: path.write_bytes(b"\xff\xfe"), "is not text in UTF-8"),
        (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
    ],
)
def test_a_file_that_holds_no_secret_is_a_fault_at_its_line(tmp_path: Path, prepare: object, reason: str) -> None:
    assert callable(prepare)
    prepare(tmp_path / "secret")
    [fault] = examined(tmp_path / "rules", account('{token: "${file:../secret}"}') + TELLING + RULES).faults
    assert reason in fault.message
    assert fault.line == 5


def test_an_empty_secret_is_a_fault_that_names_the_variable(tmp_path: Path) -> None:
    [fault] = examined(tmp_path, account("{token: '${TOKEN}'}") + TELLING + RULES, TOKEN="").faults
    assert fault.message == "what ${TOKEN} gives is not a secret of printable ASCII"


def test_keys_are_never_filled_in(tmp_path: Path) -> None:
    said = faults(tmp_path, ACCOUNTS + TELLING + RULES + "    labels: {'${TOKEN}': x}\n", TOKEN=CANARY)
    assert CANARY not in said


EVERYWHERE = [
    account("{token: [${SECRET}]}"),
    ACCOUNTS + "    poll_every: ${SECRET}\n    quota: ${SECRET}\n    concurrency: ${SECRET}\n",
    ACCOUNTS + "    endpoint: ${SECRET}\n    labels: {a: {b: '${SECRET}'}}\n",
    ACCOUNTS + "    instances: [{id: '${SECRET} '}, {id: x, name: '${SECRET}'}, {id: y, name: '${SECRET}'}]\n",
    ACCOUNTS + "rules:\n  - {name: '${SECRET}', when: '${SECRET}', severity: '${SECRET}', match: '${SECRET}='}\n",
    ACCOUNTS + "rules:\n  - {name: a, when: 'abnormal > ${SECRET}', severity: info, for: '${SECRET}'}\n",
    ACCOUNTS + "rules:\n  - {name: a, when: abnormal > 0, severity: info, summary: '{{ ${SECRET} }}'}\n",
    ACCOUNTS + "rules:\n  - {name: a, when: abnormal > t, thresholds: {t: '${SECRET}'}, severity: info}\n",
    ACCOUNTS + "route: {receiver: '${SECRET}'}\n",
    ACCOUNTS + "receivers:\n  - {name: '${SECRET}', feishu: {webhook: '${SECRET}'}}\n  - {name: '${SECRET}'}\n",
    ACCOUNTS + "receivers:\n  - {name: m, email: {to: ['${SECRET}'], from: '${SECRET}', subject: '{{ ${SECRET} }}'}}\n",
    ACCOUNTS + "receivers:\n  - {name: m, webhook: {url: 'https://${SECRET}:bad', headers: {'a b': '${SECRET}'}}}\n",
    ACCOUNTS + "receivers:\n  - {name: m, language: '${SECRET}', timeout: '${SECRET}', console: '${SECRET}'}\n",
    ACCOUNTS + "tests:\n  - {name: t, instance: {name: a}, start: '${SECRET}', series: {running: '${SECRET}'}}\n",
    ACCOUNTS + "tests:\n  - {name: t, instance: {name: a}, expect: [{at: 1m, alerts: [{alertname: '${SECRET}'}]}]}\n",
]


@pytest.mark.parametrize("text", EVERYWHERE)
def test_what_a_reference_stands_for_is_in_no_fault(tmp_path: Path, text: str) -> None:
    said = faults(tmp_path, text, SECRET=CANARY, TOKEN="t0ken")
    assert CANARY.lower() not in said.lower()
    assert "hunter2" not in said.lower()


LITERALS = [
    f"auth: {{aksk: {{access_key: AK, secret_key: {CANARY}}}, oops: 1}}",
    f"auth: {{aksk: {{access_key: AK, secretkey: {CANARY}}}}}",
    f"auth: {{aksk: {{access_key: AK, sk: {CANARY}}}}}",
    f"auth: {{password: {{domain: d, user: u, pasword: '{CANARY}'}}}}",
    f"auth: {{token: ['{CANARY}', {{x: {CANARY}}}]}}",
    f"auth: {{tokn: {CANARY}}}",
    f"auth: {{nonsense: {{deep: [{CANARY}]}}}}",
    f"auth: {CANARY}",
    f"token: {CANARY}",
    f"secret_key: {CANARY}\n    nonsense: 1",
    f'auth: {{token: "{CANARY} "}}',
    f"auth:\n      token: |\n        {CANARY}\n        second line\n      oops: 1",
    f"iam_endpoint: https://user:{CANARY}@iam.example.com",
    f"quota: fast   # the old password was {CANARY}",
]


@pytest.mark.parametrize("text", LITERALS)
def test_a_secret_written_into_the_file_is_in_no_fault(tmp_path: Path, text: str) -> None:
    written = f"accounts:\n  - name: prod\n    region: cn-north-4\n    {text}\n"
    assert CANARY not in faults(tmp_path, written + TELLING)


@pytest.mark.parametrize(
    "text",
    [
        f"feishu: {{webhook: https://open.feishu.cn/hook/{CANARY}, oops: 1}}",
        f"feishu: {{webhok: https://open.feishu.cn/hook/{CANARY}}}",
        f"feishu: https://open.feishu.cn/hook/{CANARY}",
        f"slack: {{anything: {CANARY}}}",
        f"webhook: {{url: 'ftp://{CANARY}', headers: {{Authorization: 'Bearer {CANARY}', 'a b': {CANARY}}}}}",
        f"webhook: {{url: {CANARY}}}",
    ],
)
def test_a_secret_of_a_receiver_is_in_no_fault(tmp_path: Path, text: str) -> None:
    assert CANARY not in faults(tmp_path, ACCOUNTS + f"receivers:\n  - name: a\n    {text}\n", TOKEN="t0ken")


@pytest.mark.parametrize(
    "text",
    [
        f"secret_key: {CANARY}: x",
        f"secret_key: '{CANARY}",
        f'secret_key:\n  "{CANARY}',
        f"auth: {{token: {CANARY}, x: [",
        f"secret_key: @{CANARY}",
        f"password: abc: {CANARY}",
        f"url: https://user:{CANARY}@host: x",
    ],
)
def test_a_secret_is_not_shown_where_the_yaml_is_broken(tmp_path: Path, text: str) -> None:
    assert CANARY not in faults(tmp_path, text + "\n")


def test_masks_keep_the_caret_at_its_place(tmp_path: Path) -> None:
    text = account(f"{{aksk: {{access_key: AK, secret_key: {CANARY}}}, oops: 1}}") + TELLING + RULES
    [fault] = examined(tmp_path, text).faults
    _, line, caret = str(fault).splitlines()
    assert line[caret.index("^") :].startswith("oops")
    assert caret.count("^") == len("oops")


@pytest.mark.parametrize("key", ["secret_key", "Password", "pasword", "tokn", "api-key", "webhook", "FEISHU_SECRET"])
def test_keys_that_sound_secret_are_known(key: str) -> None:
    assert secretish(key)


@pytest.mark.parametrize("key", ["name", "region", "quota", "when", "match", "summary", "labels", "at", "key_rate"])
def test_harmless_keys_are_shown(key: str) -> None:
    assert not secretish(key)


def test_a_line_without_a_key_belongs_to_the_key_above() -> None:
    assert mask_blindly(["secret:", "  abc"], 2) == "*****"
    assert mask_blindly(["name:", "  abc"], 2) == "  abc"


def test_what_is_loaded_is_masked_in_logs_from_then_on(tmp_path: Path) -> None:
    text = account("{aksk: {access_key: '${AK}', secret_key: '${SK}'}}") + TELLING + RULES
    [only] = load(folder(tmp_path, text), {"AK": "AK-7731-visible", "SK": "SK-7731-hidden"}).accounts
    assert isinstance(only.auth, Aksk)
    assert "SK-7731-hidden" not in redaction.redact("signing with SK-7731-hidden")
    assert "SK-7731-hidden" not in repr(only)


def test_without_its_doors_a_policy_needs_no_secret(tmp_path: Path) -> None:
    receivers = "receivers:\n  - {name: a, language: zh, feishu: {webhook: '${NOT_SET}'}}\nroute: {receiver: a}\n"
    policy = load(folder(tmp_path, account("{token: '${NOT_SET}'}") + receivers + RULES), {}, doors=False)
    assert policy.accounts == ()
    assert [(one.kind, one.options.language) for one in policy.receivers[0].integrations] == [("feishu", "zh")]


def test_a_reference_is_shown_in_messages_as_it_is_written(tmp_path: Path) -> None:
    text = ACCOUNTS + TELLING.replace("route: {receiver: ops-chat}", "route: {receiver: '${WHO}'}") + RULES
    [fault] = examine(folder(tmp_path, text), {**ENVIRONMENT, "WHO": "nobody-known"}).faults
    assert fault.message.startswith("there is no receiver '${WHO}'")
