"""The store in Prometheus's words. Pure.

`instance_id` is on every series of an instance, not only on those whose name another one bears: a series must not
change its identity when a namesake appears. Thousands of instances are written here line by line, for the library
takes a second over ten thousand of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

import monitor
from monitor.meters import Pulse
from monitor.model import KINDS, STATUSES, Alert
from monitor.store.board import Seen
from monitor.store.census import Census, Peer
from monitor.store.outbox import Standing
from monitor.web.standing import current

ALERTMANAGER = "0.27.0"
"""The version of Alertmanager's API that is spoken here: karma reads it from the metrics."""

_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9_]")
_TAILS = tuple(tuple(f'",kind="{kind}",status="{status}"}} ' for status in STATUSES) for kind in KINDS)
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})


class Scrape(Collector):
    """The meters of the process with the families of the store, as one thing to encode."""

    def __init__(self, meters: Collector, found: Iterable[Metric]) -> None:
        self._meters = meters
        self._found = tuple(found)

    def collect(self) -> Iterator[Metric]:
        yield from self._meters.collect()
        yield from self._found


@dataclass(frozen=True, slots=True)
class Tallies:
    """What the store counts: messages by receiver and standing, the moment of the one that waits longest, and groups by
    receiver and what they decided last; the nodes that share it; and silences by where they stand."""

    outbox: Mapping[tuple[str, Standing], int]
    oldest: Mapping[str, datetime]
    verdicts: Mapping[tuple[str, str], int]
    census: Census
    silences: Mapping[str, int]


def instances(seen: Iterable[Seen], *, at: datetime) -> str:
    """`fdi_tasks` and `fdi_up` of all that are polled at `at`, in the text that Prometheus's format and OpenMetrics
    have in common. Counts that are not known have no series."""
    tasks = ["# HELP fdi_tasks Tasks by kind and state, as last sampled.\n# TYPE fdi_tasks gauge\n"]
    up = ["# HELP fdi_up Whether the last poll brought counts.\n# TYPE fdi_up gauge\n"]
    for one in current(seen, at=at).polled:
        if (run := one.run) is None:
            continue
        labels = _labels(one)
        up.append(f'fdi_up{{{labels}"}} {int(run.failure is None)}\n')
        for counts, tails in zip((run.common, run.cdc), _TAILS, strict=True):
            for tail, count in zip(tails, counts or (), strict=False):
                tasks.append(f"fdi_tasks{{{labels}{tail}{count}\n")
    return "".join(tasks) + "".join(up)


def _labels(seen: Seen) -> str:
    """The labels of an instance but for the quotation mark that ends the last."""
    one = seen.instance
    parts = (one.account, one.region, one.name, one.id)
    account, region, name, number = (part.translate(_ESCAPES) for part in parts)
    return f'account="{account}",region="{region}",instance="{name}",instance_id="{number}'


def families(live: Iterable[Alert], tallies: Tallies, pulse: Pulse, *, at: datetime) -> Iterator[Metric]:
    """Everything else that is true at `at`."""
    yield from _alerts(live)
    yield from _outbox(tallies, at)
    groups = _gauge("fdi_monitor_groups", "Groups of alerts by what they decided last.", "receiver", "verdict")
    for place, number in sorted(tallies.verdicts.items()):
        groups.add_metric(place, number)
    yield groups
    yield from _nodes(tallies.census)
    silences = _gauge("fdi_monitor_silences", "Silences by where they stand.", "state")
    for state, number in tallies.silences.items():
        silences.add_metric([state], number)
    yield silences
    loops = _gauge("fdi_monitor_loop_age_seconds", "Since when each loop has not come round.", "loop")
    for loop, beat, _ in pulse.loops():
        loops.add_metric([loop], (at - beat).total_seconds())
    yield loops
    for name, version in (("fdi_monitor", monitor.__version__), ("alertmanager", ALERTMANAGER)):
        built = _gauge(
            f"{name}_build_info", "The version; that of Alertmanager is the one whose API this is.", "version"
        )
        built.add_metric([version], 1)
        yield built


def _alerts(live: Iterable[Alert]) -> Iterator[Metric]:
    alerts = GaugeMetricFamily("ALERTS", "Alerts that are pending or fire.")
    since = GaugeMetricFamily("ALERTS_FOR_STATE", "Since when they have been so, in seconds since 1970.")
    told = set()
    for alert in live:
        labels = {_name(name): value for name, value in alert.all_labels.items()}
        state = "firing" if alert.state.fires else "pending"
        if (series := (*sorted(labels.items()), state)) not in told:
            alerts.add_sample("ALERTS", {**labels, "alertstate": state}, 1)
        if series[:-1] not in told:
            since.add_sample("ALERTS_FOR_STATE", labels, alert.since.timestamp())
        told |= {series, series[:-1]}
    yield from (alerts, since)


def _name(name: str) -> str:
    """A label's name as Prometheus has them: posted alerts may bear any."""
    found = _NOT_IN_A_NAME.sub("_", name)
    return f"label_{found}" if found[0].isdigit() or found.startswith("__") else found


def _outbox(tallies: Tallies, at: datetime) -> Iterator[Metric]:
    depth = _gauge("fdi_monitor_outbox", "Messages by where they stand.", "receiver", "state")
    age = _gauge("fdi_monitor_outbox_age_seconds", "How long the message has waited that waits longest.", "receiver")
    for receiver in sorted({receiver for receiver, _ in tallies.outbox}):
        for state in Standing:
            depth.add_metric([receiver, state], tallies.outbox.get((receiver, state), 0))
        written = tallies.oldest.get(receiver, at)
        age.add_metric([receiver], max(0.0, (at - written).total_seconds()))
    yield from (depth, age)


def _nodes(found: Census) -> Iterator[Metric]:
    if not found.peers:
        return
    nodes = _gauge("fdi_monitor_nodes", "Nodes that share the database.")
    nodes.add_metric((), len(found.peers))
    unheard = _gauge("fdi_monitor_node_unheard_seconds", "How much longer than others it was not heard of.", "node")
    leases = _gauge("fdi_monitor_node_leases", "Accounts that each node polls.", "node")
    lead = _gauge("fdi_monitor_node_leads", "Whether it forms the groups.", "node")
    for name, mine in groupby(sorted(found.peers, key=_name_of), key=_name_of):
        peers = list(mine)  # several processes may bear one name
        unheard.add_metric([name], max(one.unheard for one in peers).total_seconds())
        leases.add_metric([name], sum(len(one.accounts) for one in peers))
        lead.add_metric([name], any(one.leads for one in peers))
    free = _gauge("fdi_monitor_leases_free", "Accounts that no node polls, and groups that no node forms.")
    free.add_metric((), len(found.free) + found.leaderless)
    yield from (nodes, unheard, leases, lead, free)


def _name_of(peer: Peer) -> str:
    return peer.name


def _gauge(name: str, words: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, labels=labels)
