"""One call of `fdi-monitor` from a shell, its output piped: what it printed and how it ended."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from setting import environment
from world import World

PATIENCE = 40.0

HUMBLE = """
import ctypes, os, sys
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1
if ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0):
    sys.exit("root cannot be made humble here: run the tests as somebody else")
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Takes from root the right to write where the mode of a file forbids it, then becomes the command."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line that it wrote to standard error, without the program's name."""
        lines = self.err.splitlines()
        if len(lines) != 1:
            raise AssertionError(f"not one line, but {len(lines)}:\n{self.err}")
        return lines[0].removeprefix("fdi-monitor: ")


async def fdi_monitor(
    *arguments: str | Path,
    folder: Path,
    world: World | None = None,
    settings: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
    humble: bool = False,
) -> Ended:
    """Runs the command in `folder`. No secret of the world and no traceback may come out.

    A `humble` one is refused what others are, also where root runs the tests.
    """
    before = [sys.executable, "-c", HUMBLE] if humble and os.geteuid() == 0 else []
    process = await asyncio.to_thread(
        subprocess.run,
        [*before, sys.executable, "-m", "monitor", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env={**environment(world, folder, settings or {}), **(variables or {})},
        timeout=PATIENCE,
        check=False,
    )
    ended = Ended(process.returncode, process.stdout.decode(), process.stderr.decode())
    for text in (ended.out, ended.err):
        for unwanted in ("Traceback", "\x1b[", *(world.secrets if world else ())):
            if unwanted in text:
                raise AssertionError(f"it printed {unwanted!r}:\n{text}")
    return ended
