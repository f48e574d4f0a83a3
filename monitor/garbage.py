"""How often Python looks for garbage.

Nearly everything here goes by itself, the moment nobody needs it. The collector, which finds the rest, counts objects
that come and go: by its own measure it would look every few polls, again and again at all that was built at the start.
`benchmarks/poll_cost.py` shows what that costs.
"""

from __future__ import annotations

import gc

YOUNG = 20_000
"""Objects that have come and not gone, until it looks among them: those of some hundred polls."""


def look_rarely() -> None:
    """Takes what there is for good, and looks among what comes more rarely. For what runs long."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)
