"""Which rules of an instance a poll may move, by what they read; the others would say what they said last. Pure."""

from __future__ import annotations

from monitor.model import Run, Sample
from monitor.rules.edges import Edges, Look
from monitor.rules.judge import Judge
from monitor.rules.moves import ANY, bits, moved
from monitor.rules.rule import Rule

Pairs = tuple[tuple[Rule, Judge], ...]

_STILL = Edges()


class Asking:
    """The rules of one instance by the counts that they read. `pairs` are all of them, in the policy's order."""

    __slots__ = ("_after", "_again", "_pairs")

    def __init__(self, pairs: Pairs) -> None:
        self._pairs = pairs
        self._again: dict[bool, Pairs] = {}
        self._after: dict[tuple[int, frozenset[Look]], Pairs] = {}

    def asked(self, last: Run | None, sample: Sample, fresh: frozenset[Look]) -> Pairs:
        """Those whose answer to `sample` may differ from that to the poll before, whose run is `last`; of looks back
        those in `fresh` may see something else.

        What moves with time alone is not among them: that of an alert with a deadline is the caller's to ask.
        """
        if last is None or (last.failure is None) is not (sample.failure is None):
            return self._pairs
        if sample.failure is not None:
            return self.again(failed=True)
        differ = moved(last, sample)
        found = self._after.get((differ, fresh))
        if found is None:
            mine = tuple(pair for pair in self._pairs if _may_move(pair[1], differ, fresh))
            found = self._after[differ, fresh] = mine
        return found

    def again(self, *, failed: bool) -> Pairs:
        """Those whose answer may differ although the poll sees what the one before saw: they look back, or read how
        long the polls fail or how long an answer took."""
        found = self._again.get(failed)
        if found is None:
            mine = tuple(pair for pair in self._pairs if _may_move_again(pair[1], failed=failed))
            found = self._again[failed] = mine
        return found


def _may_move_again(judge: Judge, *, failed: bool) -> bool:
    edges = judge.edges
    if failed:
        return edges != _STILL or "latency" in judge.names
    looks_back = edges.leaves or edges.arrives or edges.smooth
    return bool(looks_back) or edges.always or "latency" in judge.names


def _may_move(judge: Judge, differ: int, fresh: frozenset[Look]) -> bool:
    """Whether a judge may change its mind between two good polls."""
    edges = judge.edges
    if edges.smooth or edges.always or "latency" in judge.names or not (edges.leaves | edges.arrives).isdisjoint(fresh):
        return True
    # any move of the counts may begin or end a suspicion
    reads = ANY if "suspicious" in judge.names else bits(judge.names)
    return bool(reads & differ)
