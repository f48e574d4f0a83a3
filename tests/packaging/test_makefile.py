"""`make help` lists every target there is, and every target is one that stands alone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAKE = shutil.which("make")
TARGETS = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)

pytestmark = pytest.mark.skipif(MAKE is None, reason="make is missing: apt-get install make")


def make(*arguments: str) -> str:
    # as if nobody had called make before: these tests may run under it
    alone = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(
        [str(MAKE), *arguments], cwd=ROOT, env=alone, capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_help_lists_every_target_with_what_it_is_for() -> None:
    listed = dict(line.split(maxsplit=1) for line in make("help").splitlines())
    assert sorted(listed) == sorted(TARGETS)
    assert min(map(len, listed.values())) > 10


def test_no_file_can_be_taken_for_a_target() -> None:
    [phony] = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert sorted(phony.split()) == sorted(TARGETS)


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_knows_its_steps(target: str) -> None:
    assert make("--dry-run", "--always-make", target) != ""
