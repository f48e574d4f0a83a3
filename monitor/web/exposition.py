"""The store in Prometheus's words. Pure.

`instance_id` is on every series of an instance, not only on those whose name another one bears: a series must not
change its identity when a namesake appears.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitor.model import KINDS, STATUSES, Alert, Run
from monitor.store.board import Seen
from monitor.store.outbox import Standing
from monitor.web.standing import current

_OF_INSTANCE = ("account", "region", "instance", "instance_id")
_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9_]")


class Scrape(Collector):
    """The meters of the process with the families of the store, as one thing to encode."""

    def __init__(self, meters: Collector, found: Iterable[Metric]) -> None:
        self._meters = meters
        self._found = tuple(found)

    def collect(self) -> Iterator[Metric]:
        yield from self._meters.collect()
        yield from self._found


def families(
    seen: Iterable[Seen], live: Iterable[Alert], tally: Mapping[tuple[str, Standing], int], *, at: datetime
) -> Iterator[Metric]:
    """Everything of the store that is true at `at`. Counts that are not known have no series."""
    polled = [(one, one.run) for one in current(seen, at=at).polled if one.run]
    yield _tasks(polled)
    yield _up(polled)
    yield _alerts(live)
    yield _outbox(tally)


def _tasks(polled: Iterable[tuple[Seen, Run]]) -> Metric:
    family = GaugeMetricFamily(
        "fdi_tasks", "Tasks by kind and state, as last sampled.", labels=[*_OF_INSTANCE, "kind", "status"]
    )
    for seen, run in polled:
        for kind, counts in zip(KINDS, (run.common, run.cdc), strict=True):
            for status, count in zip(STATUSES, counts, strict=True) if counts else ():
                family.add_metric([*_of(seen), kind, status], count)
    return family


def _up(polled: Iterable[tuple[Seen, Run]]) -> Metric:
    family = GaugeMetricFamily("fdi_up", "Whether the last poll brought counts.", labels=_OF_INSTANCE)
    for seen, run in polled:
        family.add_metric(_of(seen), float(run.failure is None))
    return family


def _alerts(live: Iterable[Alert]) -> Metric:
    family = GaugeMetricFamily("ALERTS", "Alerts that are pending or fire.")
    series = {}
    for alert in live:
        labels = {_NOT_IN_A_NAME.sub("_", name): value for name, value in alert.all_labels.items()}
        labels["alertstate"] = "firing" if alert.state.fires else "pending"
        series[tuple(sorted(labels.items()))] = labels
    for labels in series.values():
        family.add_sample("ALERTS", labels, 1)
    return family


def _outbox(tally: Mapping[tuple[str, Standing], int]) -> Metric:
    family = GaugeMetricFamily("fdi_monitor_outbox", "Messages by where they stand.", labels=["receiver", "state"])
    for receiver in sorted({receiver for receiver, _ in tally}):
        for state in Standing:
            family.add_metric([receiver, state], tally.get((receiver, state), 0))
    return family


def _of(seen: Seen) -> list[str]:
    one = seen.instance
    return [one.account, one.region, one.name, one.id]
