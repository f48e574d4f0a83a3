"""How a command ends: one-line errors, honest exit codes, no secrets, quiet interruptions."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import click
import pytest

import monitor
from monitor import redaction
from monitor.cli import COMMANDS, Entry, main
from monitor.cli.start import aio
from monitor.errors import Fault, PolicyError, Refused, Throttled, UsageError

CANARY = "c4n4ry-5566"


@pytest.fixture(autouse=True)
def _the_hook_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)


def spawn(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(monitor.__file__).parents[1])},
    )


FAULTS = [Fault("rules/fdi.yaml", 3, 5, "no such count"), Fault("rules/accounts.yaml", 0, 0, "no accounts")]


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (UsageError("port 8080 is taken"), 2, "fdi-monitor: port 8080 is taken\n"),
        (UsageError("one fault\nanother"), 2, "fdi-monitor: one fault\nfdi-monitor: another\n"),
        (
            PolicyError(FAULTS),
            1,
            "rules/fdi.yaml:3:5: no such count\nrules/accounts.yaml: no accounts\n",
        ),
        (Refused("wrong credentials"), 1, "fdi-monitor: wrong credentials\n"),
        (Throttled("too many requests", wait=timedelta(seconds=3)), 1, "fdi-monitor: too many requests\n"),
        (Refused(f"GET /?access_token={CANARY}"), 1, "fdi-monitor: GET /?access_token=***\n"),
        (KeyboardInterrupt(), 130, "\nfdi-monitor: stopped\n"),
    ],
)
def test_an_error_is_its_text_and_an_exit_code(
    error: BaseException,
    code: int,
    text: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> None:
        raise error

    _add(monkeypatch, click.command(fail))
    assert main(["temporary"]) == code
    assert capsys.readouterr().err == text


@pytest.mark.parametrize("code", [0, 1, 2])
def test_a_command_sets_its_exit_code_by_what_it_returns_or_by_leaving(
    code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _add(monkeypatch, click.command(lambda: code))
    assert main(["temporary"]) == code
    _add(monkeypatch, click.command(lambda: click.get_current_context().exit(code)))
    assert main(["temporary"]) == code


def test_a_coroutine_is_a_command_with_its_own_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    @click.argument("code", type=int)
    @aio
    async def answer(code: int) -> int:
        """Answers."""
        await asyncio.sleep(0)
        return code

    _add(monkeypatch, answer)
    assert main(["temporary", "1"]) == 1
    assert answer.help == "Answers."


def _add(monkeypatch: pytest.MonkeyPatch, command: click.Command) -> None:
    monkeypatch.setitem(COMMANDS, "temporary", Entry(__name__, "temporary", "For a test."))
    monkeypatch.setattr(sys.modules[__name__], "temporary", command, raising=False)


def test_a_bug_shows_its_traceback_without_secrets() -> None:
    code = f"""
import click, sys
from monitor import cli
@click.command()
def bug():
    cli.redact.__self__.protect("{CANARY[:3]}" "{CANARY[3:]}")
    raise ZeroDivisionError("{CANARY[:3]}" "{CANARY[3:]}")
cli.COMMANDS["bug"] = cli.Entry("__main__", "bug", "")
sys.exit(cli.main(["bug"]))
"""
    process = spawn(code)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert err.startswith("Traceback (most recent call last):")
    assert err.endswith("ZeroDivisionError: ***\n")
    assert CANARY not in err


@pytest.mark.parametrize("write", ["click.echo(line)", "print(line)"])
def test_a_reader_that_goes_away_is_met_with_silence(write: str) -> None:
    code = f"""
import click, sys
from monitor import cli
@click.command()
def talk():
    sys.stdin.read()
    for line in ["many words"] * 20:
        {write}
cli.COMMANDS["talk"] = cli.Entry("__main__", "talk", "")
sys.exit(cli.main(["talk"]))
"""
    process = spawn(code)
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stdin.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=20) == 1
    assert err == ""


WAITING = """
import asyncio, sys, time
from monitor.cli.signals import stop_on_signals
async def wait():
    stop = stop_on_signals(asyncio.get_running_loop())
    print("ready", flush=True)
    await stop.wait()
    print("asked", flush=True)
    if "stuck" in sys.argv:
        sys.stdin.read()
asyncio.run(wait())
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_command_ends_in_its_own_time(number: signal.Signals) -> None:
    process = spawn(WAITING)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "asked\n", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_second_signal_ends_even_a_stuck_loop_at_once(number: signal.Signals) -> None:
    process = spawn(WAITING, "stuck")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "asked\n"
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, "\nfdi-monitor: stopped at once\n")


def test_the_front_door_masks_with_the_register_that_all_share() -> None:
    assert redaction.redact.__self__ is redaction.protect.__self__  # type: ignore[attr-defined]
