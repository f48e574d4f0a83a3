"""`.ci/run` calls the README's command, and lets nothing be skipped."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / ".ci" / "run"


def test_the_script_is_sound_bash_and_can_be_executed() -> None:
    assert os.access(SCRIPT, os.X_OK)
    checked = subprocess.run(["/bin/bash", "-n", SCRIPT], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_script_stops_at_the_first_failure_and_ends_with_the_command_of_the_readme() -> None:
    lines = SCRIPT.read_text().splitlines()
    assert "set -euo pipefail" in lines
    assert lines[-1] == "make test"
    assert 'export PYTEST_ADDOPTS="${PYTEST_ADDOPTS:-} -p tests.noskip"' in lines


@pytest.mark.parametrize(
    ("test", "code"),
    [
        ("def test(): pass", 0),
        ("import pytest\ndef test(): pytest.skip('no browser')\ndef test_other(): pass", 1),
        ("import pytest\npytest.skip('no browser', allow_module_level=True)", 1),
    ],
)
@pytest.mark.parametrize("workers", [[], ["-p", "xdist", "-n", "1"]])
def test_with_the_plugin_a_skip_is_a_failure(test: str, code: int, workers: list[str], tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(test)
    (tmp_path / "test_good.py").write_text("def test_good(): pass")
    # with the plugins that matter here alone it starts in a tenth of the time
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **alone}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.noskip", "-p", "no:cacheprovider", *workers, tmp_path],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout
    assert ("1 skipped, and here nothing may be" in done.stdout) == bool(code)


def test_what_tests_need_of_the_machine_is_installed() -> None:
    """Chromium for the pages, fonts for their Chinese, and whatever a skipped test says to install."""
    installed = set(SCRIPT.read_text().partition("packages=(")[2].partition(")")[0].split())
    texts = [file.read_text(encoding="utf-8") for file in sorted((ROOT / "tests").rglob("*.py"))]
    asked = {
        name
        for text in texts
        for names in re.findall(r"apt-get install ([a-z][a-z -]*)", text)
        for name in names.split()
    }
    assert {"prometheus", "systemd"} <= asked
    assert {"chromium", "fonts-noto-cjk", *asked} <= installed
