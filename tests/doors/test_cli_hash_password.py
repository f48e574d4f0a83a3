"""`fdi-monitor hash-password`: the hash and nothing else on the output, the password nowhere."""

from __future__ import annotations

import io

import pytest
from click.testing import CliRunner

from monitor import passwords
from monitor.cli import COMMANDS, main
from monitor.cli import hash_password as room

PASSWORD = "canary horse 密码"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords.hashed, "__kwdefaults__", {"cost": 1 << 14, "block": 8, "parallel": 1})


def hashes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], said: str) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.stdin", io.StringIO(said))
    code = main(["hash-password"])
    out, err = capsys.readouterr()
    assert PASSWORD not in out + err
    return code, out, err


def test_from_a_pipe_the_first_line_is_hashed_each_time_differently(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [hashes(monkeypatch, capsys, f"{PASSWORD}\nmore\n") for _ in range(2)]
    assert [(code, err) for code, _, err in found] == [(0, "")] * 2
    first, second = (out for _, out, _ in found)
    assert first != second
    for out in (first, second):
        assert out.count("\n") == 1
        assert passwords.parsed(out).fits(PASSWORD)


@pytest.mark.parametrize("said", ["", "short\n", "x" * 2000])
def test_what_is_too_short_or_too_long_is_wrong_use(
    said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = hashes(monkeypatch, capsys, said)
    assert (code, out, err) == (2, "", "fdi-monitor: a password has 8 letters at least, and 1024 at most\n")


def test_on_a_terminal_it_is_asked_for_twice_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, object]] = []

    def prompt(text: str, **how: object) -> str:
        asked.append({"text": text, **how})
        return PASSWORD

    monkeypatch.setattr("click.prompt", prompt)
    assert room._asked() == PASSWORD
    assert asked == [{"text": "Password", "hide_input": True, "confirmation_prompt": "Once more", "err": True}]


def test_its_help_has_an_example() -> None:
    shown = CliRunner().invoke(COMMANDS["hash-password"].load(), ["--help"]).output
    assert "Examples:" in shown
