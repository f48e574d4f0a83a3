"""A counter whose counting is done elsewhere: here it is told how far that came."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector


class Odometer(Collector):
    """One number for each account, which only grows until its counting begins anew."""

    def __init__(self, name: str, words: str, registry: CollectorRegistry) -> None:
        self._name, self._words = name, words
        self._counts: dict[str, int] = {}
        registry.register(self)

    def tell(self, account: str, count: int) -> None:
        """So many there are by now."""
        self._counts[account] = count

    def remove(self, account: str) -> None:
        """Shows the account no more."""
        self._counts.pop(account, None)

    def collect(self) -> Iterable[Metric]:
        """Its series."""
        found = CounterMetricFamily(self._name, self._words, labels=["account"])
        for account, count in self._counts.items():
            found.add_metric([account], count)
        yield found
