"""The console: plain text on standard output."""

from __future__ import annotations

import io
import sys

import pytest
from notifier_samples import message, tools

from monitor.message import plain
from monitor.notifiers import Outcome
from monitor.notifiers.console import Console, ConsoleOptions


async def test_a_message_is_written_with_an_empty_line_after_it(capsys: pytest.CaptureFixture[str]) -> None:
    verdict = await Console(ConsoleOptions(), tools()).send(message())
    assert verdict.outcome is Outcome.DELIVERED
    assert capsys.readouterr().out == plain(message()) + "\n\n"


async def test_letters_that_the_terminal_lacks_do_not_stop_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    verdict = await Console(ConsoleOptions(), tools()).send(message(language="zh"))
    assert verdict.outcome is Outcome.DELIVERED
    assert b"cdc-tasks-abnormal ? prod" in raw.getvalue()


async def test_a_closed_output_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stdout", closed)
    verdict = await Console(ConsoleOptions(), tools()).send(message())
    assert (verdict.outcome, verdict.reason) == (
        Outcome.UNREACHABLE,
        "standard output cannot be written (ValueError)",
    )
