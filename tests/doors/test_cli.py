"""The command's front door: quick help, wrong use met kindly, settings shown with their secrets masked."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import monitor
from monitor.cli import COMMANDS, main
from monitor.settings import variables

CANARY = "c4n4ry-5566"


@pytest.fixture(autouse=True)
def _as_from_a_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.chdir(tmp_path)
    for variable in variables():
        monkeypatch.delenv(variable, raising=False)


def spawn(code: str) -> tuple[str, str]:
    """What a fresh interpreter writes to standard output and to standard error."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout, done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example_and_the_first_sentence_of_the_table(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "--help"]) == 0
    text = capsys.readouterr().out
    command = COMMANDS[name].load()
    assert command.name == name
    assert command.get_short_help_str(limit=200).rstrip(".") == COMMANDS[name].help.rstrip(".")
    example = text.split("\n  Example", 1)[-1].splitlines()
    assert any(line.startswith("    ") and f"fdi-monitor {name}" in line for line in example), "no example of a call"


def test_help_lists_every_command_with_its_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    words = " ".join(capsys.readouterr().out.split())
    assert " ".join(f"{name} {entry.help}" for name, entry in COMMANDS.items()) in words


def test_help_imports_no_command_and_no_heavy_library() -> None:
    code = "import sys; from monitor.cli import main; main(['--help']); print('|'.join(sys.modules))"
    out, _ = spawn(code)
    modules = out.splitlines()[-1].split("|")
    own = {module for module in modules if module.startswith("monitor")}
    assert own == {"monitor", "monitor.cli", "monitor.errors", "monitor.redaction"}
    assert not {"asyncio", "pydantic", "aiohttp", "sqlalchemy", "jinja2", "structlog", "yaml"}.intersection(modules)


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"fdi-monitor, version {monitor.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["confg"], "No such command 'confg'. Did you mean 'config'?"),
        (["xyzzy"], "No such command 'xyzzy'."),
        (["--versoin"], "No such option '--versoin'. Did you mean '--version'?"),
        (["config", "--jsn"], "No such option '--jsn'. Did you mean '--json'?"),
        (["config", "surplus"], "Got unexpected extra argument (surplus)"),
    ],
)
def test_wrong_use_says_what_was_meant(arguments: Sequence[str], hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.endswith(f"Error: {hint}\n")
    assert captured.out == ""


def test_a_command_begins_with_its_logs_set_up_and_a_warning_of_what_nothing_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FDI_MONITOR_LOG__LEVEL", "debug")
    monkeypatch.setenv("FDI_MONITOR_LOG_FORMAT", "json")
    code = """
import structlog
from monitor.cli.start import begin
print(begin().log.level)
structlog.get_logger().debug("hi")
"""
    out, err = spawn(code)
    warning, event = err.splitlines()
    assert out == "debug\n"
    assert warning == (
        "fdi-monitor: warning: FDI_MONITOR_LOG_FORMAT (environment) is no setting, "
        "did you mean FDI_MONITOR_LOG__FORMAT?"
    )
    assert json.loads(event)["event"] == "hi"


def test_config_shows_each_setting_with_its_origin_and_masks_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FDI_MONITOR_SMTP__PASSWORD", CANARY)
    token = {"name": "王", "token": f"{CANARY}-{CANARY}", "role": "viewer"}
    lines = ("FDI_MONITOR_WEB__PORT=9090", "FDI_MONITOR_WEB_HOST=h", f"FDI_MONITOR_WEB__TOKENS='{json.dumps([token])}'")
    Path(".env").write_text("\n".join(lines))
    assert main(["config"]) == 0
    captured = capsys.readouterr()
    rows = [line.split() for line in captured.out.splitlines()]
    assert [row[0] for row in rows] == list(variables())
    assert ["FDI_MONITOR_WEB__PORT", "9090", ".env"] in rows
    assert ["FDI_MONITOR_RETENTION", "30d", "default"] in rows
    assert ["FDI_MONITOR_WEB__TOKENS", "王", "(viewer)", ".env"] in rows
    assert ["FDI_MONITOR_SMTP__PASSWORD", "***", "environment"] in rows
    assert captured.err == (
        "fdi-monitor: warning: FDI_MONITOR_WEB_HOST (.env) is no setting, did you mean FDI_MONITOR_WEB__HOST?\n"
    )
    assert main(["config", "--json"]) == 0
    both = capsys.readouterr().out
    answer = json.loads(both)
    assert answer["settings"]["FDI_MONITOR_WEB__PORT"] == {"value": 9090, "origin": ".env"}
    assert answer["settings"]["FDI_MONITOR_DATABASE_URL"] == {"value": "", "origin": "default"}
    assert len(answer["warnings"]) == 1
    assert CANARY not in captured.out + both


def test_config_with_a_bad_setting_is_wrong_use(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FDI_MONITOR_WEB__PORT", "http")
    assert main(["config"]) == 2
    assert capsys.readouterr().err == (
        "fdi-monitor: FDI_MONITOR_WEB__PORT (environment) should be a valid integer, "
        "unable to parse string as an integer\n"
    )
