"""`fdi-monitor check` and `fdi-monitor schema`, as a shell sees them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from monitor.cli import main

Run = Callable[..., tuple[int, str, str]]

OTHERS = """\
accounts:
  - name: prod
    region: cn-north-4
    auth: {token: "${TOKEN}"}
receivers:
  - name: ops-chat
    console: {}
route: {receiver: ops-chat}
"""
RULES = """\
rules:
  - name: cdc
    when: cdc.abnormal > 0
    severity: critical
"""
WHOLE = OTHERS + RULES


def folder(where: Path, text: str = WHOLE, **others: str) -> None:
    """A folder with `policy.yaml` and others; `a=...` is `a.yaml`."""
    where.mkdir()
    for name, content in {"policy": text, **others}.items():
        (where / f"{name}.yaml").write_text(content)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command line in an empty folder with TOKEN set; gives exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN", "canary-4711")

    def command(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(arguments)
        output = capsys.readouterr()
        return code, output.out, output.err

    return command


def test_a_sound_policy_is_summed_up(run: Run, tmp_path: Path) -> None:
    folder(tmp_path / "rules")
    code, out, _ = run("check")
    assert code == 0
    assert out.splitlines() == [
        "prod: instances as discovered, polled every 30s; the quota of 20/s carries 600",
        "note: no test expects an alert of cdc",
        "ok: 1 account, 1 rule, 1 receiver, 0 tests",
    ]


def test_every_fault_is_shown_with_its_line_and_a_caret(run: Run, tmp_path: Path) -> None:
    folder(tmp_path / "rules", OTHERS, b=RULES.replace("critical", "bad").replace("cdc.abnormal", "cdc.abn"))
    code, out, _ = run("check", "rules")
    assert code == 1
    assert out.splitlines()[-1] == "2 errors in 2 files"
    assert "rules/b.yaml:3:11: there is no name 'cdc.abn': did you mean cdc.abnormal? [rules.0.when]" in out
    assert "    3 |     when: cdc.abn > 0\n                  ^^^^^^^\n" in out


TESTED = """\
tests:
  - name: fires
    instance: {name: orders}
    expect: [{at: 0s, alerts: [{alertname: cdc}]}]
"""


def test_a_rule_without_a_test_is_noted_and_that_is_no_warning(run: Run, tmp_path: Path) -> None:
    folder(
        tmp_path / "rules", WHOLE + "".join(f"  - {{name: r{n}, when: up == 0, severity: info}}\n" for n in range(7))
    )
    code, out, _ = run("check", "--strict")
    assert code == 0
    assert "note: no test expects an alert of cdc, r0, r1, r2, r3 and 3 more\n" in out
    assert json.loads(run("check", "--json")[1])["warnings"] == []
    folder(tmp_path / "tested", WHOLE, b=TESTED)
    assert "note" not in run("check", "tested")[1]


SUMMARIES = """\
  - name: 任务异常
    when: increase(abnormal, 5m) > 0
    severity: info
    summary: "{{ severity|word('zh') }}：{{ instance }}（{{ team }}）异常 {{ abnormal }}，{{ age|duration('zh') }}"
    labels: {team: data}
  - name: broken
    levels: {warning: abnormal > 0, critical: abnormal / running > 20%}
    match: env="prod"
    summary: "{{ value|percent }} broken on {{ instance }} of {{ account }} in {{ env }}"
  - name: many
    by: [account]
    when: count(abnormal > 0) >= 5
    severity: critical
    summary: "{{ value }} instances of {{ account }}"
"""


def test_the_preview_shows_what_people_will_read(run: Run, tmp_path: Path) -> None:
    folder(tmp_path / "rules", WHOLE.replace("auth:", "labels: {env: prod}\n    auth:") + SUMMARIES)
    code, out, _ = run("check", "--preview")
    assert code == 0
    assert out.splitlines()[1:5] == [
        "  cdc       critical  (no summary)",
        "  任务异常  info      提示：orders（data）异常 7，4 分钟 5 秒",
        "  broken    critical  25% broken on orders of prod in prod",
        "  many      critical  7 instances of prod",
    ]
    assert run("check", "--preview", "--json")[0] == 2


WARNED = WHOLE.replace("    when", "    thresholds: {unused: 1}\n    when")


def test_warnings_alone_are_good_unless_strict(run: Run, tmp_path: Path) -> None:
    folder(tmp_path / "rules", WARNED)
    code, out, _ = run("check")
    assert code == 0
    assert out.startswith("warning: rules/policy.yaml:11:18: no condition of this rule reads the threshold `unused`")
    assert out.splitlines()[-1] == "ok: 1 account, 1 rule, 1 receiver, 0 tests (1 warning)"
    assert run("check", "--strict")[0] == 1


def test_json_has_the_same_in_fields(run: Run, tmp_path: Path) -> None:
    folder(tmp_path / "rules", WARNED, b="nonsense: 1\n")
    code, out, _ = run("check", "--json")
    assert code == 1
    answer = json.loads(out)
    assert answer.keys() == {"ok", "errors", "warnings"}
    assert answer["ok"] is False
    [error] = answer["errors"]
    assert error == {
        "file": "rules/b.yaml",
        "line": 1,
        "column": 1,
        "path": "nonsense",
        "message": "unknown key `nonsense`; allowed here: `accounts`, `drill`, `heartbeat`, `inhibit`, `maintenance`, "
        "`receivers`, `route`, `rules`, `tests` and `windows`",
    }
    assert [warning["line"] for warning in answer["warnings"]] == [11]


def test_json_of_a_sound_policy(run: Run, tmp_path: Path) -> None:
    folder(tmp_path / "rules")
    code, out, _ = run("check", "--json", "rules")
    assert (code, json.loads(out)) == (0, {"ok": True, "errors": [], "warnings": []})


def test_a_folder_that_is_not_there_is_wrong_use(run: Run, tmp_path: Path) -> None:
    code, out, err = run("check", "nowhere")
    assert (code, out) == (2, "")
    assert "the folder nowhere does not exist" in err
    (tmp_path / "empty").mkdir()
    assert run("check", "empty", "--json")[0] == 2


def test_variables_also_come_from_dotenv_and_the_environment_wins(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder(tmp_path / "rules", WHOLE.replace("cdc\n", "${RULE}\n").replace("TOKEN", "OTHER"))
    assert run("check")[0] == 1
    (tmp_path / ".env").write_text("OTHER=from-dotenv\nRULE=dotenv-rule\n")
    assert run("check")[0] == 0
    monkeypatch.setenv("RULE", " ")
    code, out, _ = run("check")
    assert code == 1
    assert "what ${RULE} gives is not a name" in out


def test_no_secret_is_printed(run: Run, tmp_path: Path) -> None:
    folder(tmp_path / "rules", WHOLE.replace("{token:", "{oops: 1, token:").replace('"${TOKEN}"', '"x${TOKEN}"'))
    code, out, err = run("check")
    assert code == 1
    assert "canary" not in out + err


def test_the_schema_is_a_valid_schema_with_words(run: Run) -> None:
    code, out, _ = run("schema")
    assert code == 0
    printed = json.loads(out)
    Draft202012Validator.check_schema(printed)
    assert printed["title"] == "FDI Monitor policy"
    rule = printed["$defs"]["RuleForm"]
    assert (rule["title"], rule["additionalProperties"]) == ("Rule", False)
    assert "feishu" in printed["$defs"]["ReceiverForm"]["properties"]


@pytest.mark.parametrize("command", ["check", "schema"])
def test_help_shows_an_example(run: Run, command: str) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0
    assert "Example" in out
    assert f"fdi-monitor {command}" in out
