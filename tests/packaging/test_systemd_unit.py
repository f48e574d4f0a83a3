"""The unit for systemd: sound by systemd's own tool where there is one, and of one mind with the code."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from monitor.cli import COMMANDS
from monitor.environment import TWIN
from monitor.settings import PREFIX, variables

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "deploy" / "systemd" / "fdi-monitor.service"
ANALYZE = shutil.which("systemd-analyze")


def given() -> dict[str, list[str]]:
    """What the unit says, by key; a key may stand several times."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if line and line[0] not in "#[":
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is missing: apt-get install systemd")
def test_systemd_finds_nothing_wrong_with_it(tmp_path: Path) -> None:
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/fdi-monitor/bin/fdi-monitor", "/bin/true"))
    done = subprocess.run([str(ANALYZE), "verify", str(copy)], capture_output=True, text=True, check=False, timeout=50)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_it_runs_a_command_that_there_is_with_settings_that_there_are() -> None:
    program, command, *arguments = given()["ExecStart"][0].split()
    assert program.endswith("/fdi-monitor")
    assert COMMANDS[command].load().make_context(command, arguments).info_name == "run"
    named = re.findall(rf"({PREFIX}\w+)=", " ".join(given()["Environment"]))
    assert (
        {"FDI_MONITOR_RULES", "FDI_MONITOR_DATA"}
        <= set(named)
        <= {*variables(), *(f"{one}{TWIN}" for one in variables())}
    )


def test_it_is_told_when_the_service_is_ready_and_alive() -> None:
    """What monitor/systemd.py says, and how often: SIGHUP reads the policy again."""
    assert given()["Type"] == ["notify"]
    assert int(given()["WatchdogSec"][0]) == 90
    assert given()["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert f"stop_grace_period: {given()['TimeoutStopSec'][0]}s" in (ROOT / "docker-compose.yml").read_text()


def test_it_has_one_folder_to_write_to_and_no_rights_besides() -> None:
    unit = given()
    assert unit["DynamicUser"] == unit["NoNewPrivileges"] == ["yes"]
    assert unit["ProtectSystem"] == ["strict"]
    assert unit["CapabilityBoundingSet"] == [""]
    [state] = unit["StateDirectory"]
    assert f"FDI_MONITOR_DATA=/var/lib/{state}" in unit["Environment"][0].split()
    assert "ReadWritePaths" not in unit


def test_it_names_no_secret() -> None:
    assert not re.search(r"password|secret|token", UNIT.read_text(), flags=re.IGNORECASE)
