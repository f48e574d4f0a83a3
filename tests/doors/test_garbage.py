"""The collector, in a process of its own, for it is the whole process that is told."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import gc
from monitor.garbage import YOUNG, look_rarely

class Knot:
    def __init__(self):
        self.me = self

look_rarely()
print(gc.get_threshold()[0] == YOUNG, gc.get_freeze_count() > 1000)
for _ in range(5 * YOUNG):
    Knot()
print(sum(isinstance(one, Knot) for one in gc.get_objects()) <= 2 * YOUNG)
"""


def test_what_is_knotted_still_goes() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True"] * 3
