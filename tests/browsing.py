"""One Chromium for all tests of the pages: to start one for each would take longer than most of them."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

CHROMIUM = "/usr/bin/chromium"
_ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars --force-color-profile=srgb --remote-debugging-port=0"
)
_PATIENCE = 30.0


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Chromium without a window."""
    if shutil.which(CHROMIUM) is None:
        pytest.skip(f"no browser at {CHROMIUM}: install the package chromium to test the pages as people see them")
    profile = tmp_path_factory.mktemp("chromium")
    command = [CHROMIUM, *_ARGUMENTS.split(), f"--user-data-dir={profile}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield f"http://127.0.0.1:{_port(profile / 'DevToolsActivePort', process)}"
        finally:
            process.terminate()


def _port(said: Path, process: subprocess.Popen[bytes]) -> int:
    """The port that it listens on, as soon as it says so."""
    patient_until = time.monotonic() + _PATIENCE
    while time.monotonic() < patient_until and process.poll() is None:
        lines = said.read_text().splitlines() if said.exists() else []
        if len(lines) > 1:
            return int(lines[0])
        time.sleep(0.02)
    raise RuntimeError(f"{CHROMIUM} did not start: exit code {process.poll()}")
