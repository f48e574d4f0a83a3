"""What the loops count about themselves, served under `/metrics`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.registry import Collector

from monitor.mailmeters import OfReceivers
from monitor.odometer import Odometer

_MOMENTS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Pace(NamedTuple):
    """How an account is polled: `every` so often each of its `instances`, where the policy has `wanted` it. `quota` is
    in requests a second, `share` how much of it is used at most; `requests` were sent so far, of which the cloud has
    `throttled` some."""

    instances: int
    every: timedelta
    share: float
    throttled: int
    wanted: timedelta = timedelta()
    quota: float = 0.0
    requests: int = 0

    @property
    def stretched(self) -> bool:
        """Whether the quota does not carry what is wanted."""
        return self.every > self.wanted

    @property
    def rate(self) -> float:
        """Polls a second that this asks for."""
        return self.instances / self.every.total_seconds() if self.every else 0.0


class _OfAccounts:
    """What is counted for each account."""

    def __init__(self, registry: CollectorRegistry) -> None:
        of_account = ["account"]
        counter, gauge = partial(Counter, registry=registry), partial(Gauge, registry=registry)
        seconds = partial(Histogram, labelnames=of_account, buckets=_SECONDS, registry=registry)
        self.polls = counter("fdi_monitor_polls", "Polls by what came of them.", [*of_account, "outcome"])
        self.latency = seconds("fdi_monitor_poll_seconds", "From request to answer.")
        self.lag = seconds("fdi_monitor_schedule_lag_seconds", "How much later than planned a poll was sent.")
        self.skipped = counter(
            "fdi_monitor_slots_skipped", "Planned polls left out because the one before was not done.", of_account
        )
        self.instances = gauge("fdi_monitor_instances", "Instances that are polled.", of_account)
        self.resting = gauge(
            "fdi_monitor_instances_resting", "Instances polled more rarely because they keep failing.", of_account
        )
        self.wanted = gauge(
            "fdi_monitor_poll_interval_wanted_seconds", "How often the policy wants an instance polled.", of_account
        )
        self.interval = gauge(
            "fdi_monitor_poll_interval_seconds", "How often the quota lets an instance be polled.", of_account
        )
        self.share = gauge(
            "fdi_monitor_quota_share", "How much of the quota is used at most: less after a throttling.", of_account
        )
        self.quota = gauge("fdi_monitor_quota_requests_per_second", "How many requests the quota allows.", of_account)
        self.requests = Odometer("fdi_monitor_requests", "Requests sent to the cloud.", registry)
        self.throttled = Odometer("fdi_monitor_throttled", "Requests that the cloud has throttled.", registry)


class Meters(_OfAccounts, OfReceivers):
    """Counters of one process, on a registry of their own."""

    LONGEST = float(_SECONDS[-1])
    """Seconds beyond which what took long is counted as one."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        _OfAccounts.__init__(self, self.registry)
        OfReceivers.__init__(self, self.registry)
        counter, gauge = partial(Counter, registry=self.registry), partial(Gauge, registry=self.registry)
        self.transitions = counter("fdi_monitor_transitions", "Steps of alerts by where they led.", ["rule", "state"])
        self.reloads = counter("fdi_monitor_policy_reloads", "Reloads of the policy by what came of them.", ["outcome"])
        self.reloaded = gauge(
            "fdi_monitor_policy_last_reload_successful", "Whether the files of the policy are in force as they are."
        )
        self.reloaded_at = gauge(
            "fdi_monitor_policy_last_reload_success_timestamp_seconds", "When they were last put in force."
        )
        self.degraded = gauge("fdi_monitor_store_degraded", "Whether the store takes no writes.")
        self.held = gauge("fdi_monitor_store_held", "Changes held in memory because the store takes no writes.")
        self.recorded = Histogram(
            "fdi_monitor_store_write_seconds",
            "How long a transaction took that records samples and alerts.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.late = Histogram(
            "fdi_monitor_loop_lag_seconds",
            "How late the event loop comes to what is due.",
            buckets=_MOMENTS,
            registry=self.registry,
        )
        self.tasks = gauge("fdi_monitor_loop_tasks", "Tasks of the event loop.")
        self.scrape = gauge("fdi_monitor_scrape_seconds", "How long the store took to answer this scrape.")
        self.heartbeats = counter("fdi_monitor_heartbeats", "Pings of the heartbeat by what came of them.", ["outcome"])
        self.heard_at = gauge(
            "fdi_monitor_heartbeat_last_success_timestamp_seconds", "When a ping of the heartbeat last arrived."
        )

    def polls_of(self, account: str, outcome: str) -> int:
        """How many polls of an account came out `good` or `failed` so far."""
        return int(self.value("fdi_monitor_polls_total", account=account, outcome=outcome))

    def paces(self) -> dict[str, Pace]:
        """How each account is polled, by name; of one whose poller did not begin nothing is known."""
        wanted, every, quota = map(_by_account, (self.wanted, self.interval, self.quota))
        instances, share, requests, throttled = map(
            _by_account, (self.instances, self.share, self.requests, self.throttled)
        )
        return {
            name: Pace(
                instances=int(instances.get(name, 0)),
                every=timedelta(seconds=every.get(name, 0)),
                share=share.get(name) or 1.0,
                throttled=int(throttled.get(name, 0)),
                wanted=timedelta(seconds=wanted.get(name, 0)),
                quota=quota.get(name, 0.0),
                requests=int(requests.get(name, 0)),
            )
            for name in sorted(wanted.keys() | every.keys())
        }

    def lag_of(self, account: str, share: float = 0.99) -> float | None:
        """Within how many seconds of their time `share` of an account's polls were sent; infinite beyond `LONGEST`,
        None before the first."""
        counted = [
            (float(one.labels["le"]), one.value)
            for family in self.lag.collect()
            for one in family.samples
            if one.name.endswith("_bucket") and one.labels["account"] == account
        ]
        if not counted or not counted[-1][1]:
            return None
        return next(bound for bound, number in counted if number >= share * counted[-1][1])

    def value(self, name: str, **labels: str) -> float:
        """The value of a metric with these labels, 0 before it has one."""
        return self.registry.get_sample_value(name, labels) or 0.0

    def reloaded_when(self) -> datetime | None:
        """When the files of the policy were last put in force as they are, None before that."""
        return self._moment("fdi_monitor_policy_last_reload_success_timestamp_seconds")

    def heard_when(self) -> datetime | None:
        """When a ping of the heartbeat last arrived, None before that."""
        return self._moment("fdi_monitor_heartbeat_last_success_timestamp_seconds")

    def _moment(self, name: str) -> datetime | None:
        at = self.value(name)
        return datetime.fromtimestamp(at, UTC) if at else None

    def forget(self, account: str) -> None:
        """Shows nothing of an account that is polled no more."""
        for outcome in ("good", "failed"):
            self.polls.remove(account, outcome)
        for one in self._of_account():
            one.remove(account)

    def _of_account(self) -> tuple[Counter | Gauge | Histogram | Odometer, ...]:
        plain = (self.skipped, self.latency, self.lag, self.instances, self.resting)
        paced = (self.wanted, self.interval, self.quota, self.share)
        return (*plain, *paced, self.requests, self.throttled)


def _by_account(one: Collector) -> dict[str, float]:
    return {sample.labels["account"]: sample.value for family in one.collect() for sample in family.samples}


class Pulse:
    """When each loop last came round, so that a loop that hangs is seen."""

    def __init__(self) -> None:
        self._beats: dict[str, datetime] = {}
        self._patience: dict[str, timedelta] = {}

    @property
    def begun(self) -> bool:
        """Whether the loops run at all."""
        return bool(self._patience)

    def expect(self, loop: str, *, within: timedelta, at: datetime) -> None:
        """From `at` on `loop` has to come round at least once `within` this time."""
        self._patience[loop] = within
        self._beats.setdefault(loop, at)

    def forget(self, loop: str) -> None:
        """`loop` was stopped: it need not come round any more."""
        self._patience.pop(loop, None)
        self._beats.pop(loop, None)

    def beat(self, loop: str, at: datetime) -> None:
        """`loop` came round at `at`."""
        self._beats[loop] = at

    def loops(self) -> list[tuple[str, datetime, timedelta]]:
        """Each loop with when it last came round, and within what time it has to."""
        return [(loop, self._beats[loop], within) for loop, within in sorted(self._patience.items())]

    def late(self, at: datetime) -> Iterable[tuple[str, timedelta]]:
        """The loops that should have come round by `at`, and since when they have not."""
        for loop, within in self._patience.items():
            since = at - self._beats[loop]
            if since > within:
                yield loop, since
