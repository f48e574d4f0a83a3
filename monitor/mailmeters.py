"""What the loops count about each receiver; a part of `meters`."""

from __future__ import annotations

from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_MINUTES = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600, 3600)


class OfReceivers:
    """What is counted for each receiver."""

    def __init__(self, registry: CollectorRegistry) -> None:
        counter, gauge = partial(Counter, registry=registry), partial(Gauge, registry=registry)
        self.deliveries = counter(
            "fdi_monitor_deliveries", "Tries to deliver a message by the verdict.", ["receiver", "kind", "verdict"]
        )
        self.delivered = Histogram(
            "fdi_monitor_delivery_seconds",
            "From the decision to tell until the receiver had the message.",
            ["receiver", "kind"],
            buckets=_MINUTES,
            registry=registry,
        )
        self.decisions = counter(
            "fdi_monitor_decisions", "Decisions of groups: how they spoke, or why not.", ["receiver", "verdict"]
        )
        self.suppressed = counter(
            "fdi_monitor_suppressed", "Alerts that a group kept back when it decided, by why.", ["receiver", "reason"]
        )
        of_receiver = ["receiver"]
        self.drills = counter("fdi_monitor_drills", "Drills by what came of them.", [*of_receiver, "outcome"])
        self.drilled_at = gauge(
            "fdi_monitor_drill_last_success_timestamp_seconds", "When a drill last arrived in time.", of_receiver
        )
        self.drill_seconds = gauge(
            "fdi_monitor_drill_seconds", "From its sample to its arrival, of the last drill in time.", of_receiver
        )
