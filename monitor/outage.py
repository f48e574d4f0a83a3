"""Whether a whole account is out of reach, so that one alert says so and not one for each instance. Pure."""

from __future__ import annotations

from monitor.builtin import finding
from monitor.model import FailureKind, Finding, Instance, InstanceKey, Labels, Sample, Truth

RULE = "account-unreachable"


def key_of(account: str) -> InstanceKey:
    """What stands for the account itself where otherwise an instance stands."""
    return InstanceKey(account, "")


class Outage:
    """The last samples of one account's instances.

    An outage is over once all instances were polled again since the first good sample: one that was not yet is still
    taken for dead by its rules, and with the account's alert gone everybody would be told so.
    """

    def __init__(self, account: str, *, out: bool = False) -> None:
        """`out`: its alert fires already."""
        self._account = account
        self._failing: dict[InstanceKey, FailureKind] = {}
        self._heard: set[InstanceKey] | None = set() if out else None
        """In an outage: those polled since the first good sample."""

    def saw(self, sample: Sample, *, polled: int) -> Truth:
        """What `sample` says of the account, of which `polled` instances are polled.

        BREACH when the credentials are refused, or when the last polls of all instances (two at least) failed. CLEAR
        at any good sample, after an outage only once all were polled again. Throttling is no outage.
        """
        key = sample.instance.key
        if sample.failure is None:
            self._failing.pop(key, None)
            return self._well(key, polled)
        self._failing[key] = sample.failure.kind
        if sample.failure.kind is not FailureKind.AUTH:
            if self._heard:
                self._heard.add(key)
            if polled < 2 or len(self._failing) < polled or set(self._failing.values()) == {FailureKind.THROTTLED}:
                return Truth.UNKNOWN
        self._heard = set()
        return Truth.BREACH

    def _well(self, key: InstanceKey, polled: int) -> Truth:
        if self._heard is None:
            return Truth.CLEAR
        self._heard.add(key)
        if len(self._heard) < polled:
            return Truth.UNKNOWN
        self._heard = None
        return Truth.CLEAR

    def forget(self, key: InstanceKey) -> None:
        """The instance is polled no more."""
        self._failing.pop(key, None)
        if self._heard:
            self._heard.discard(key)

    def finding(self, sample: Sample, truth: Truth) -> Finding:
        """The built-in rule's finding."""
        labels = _labels(sample.instance)
        return finding(RULE, labels, truth, at=sample.at, instance=key_of(self._account))


def summary(sample: Sample) -> str:
    """The words of the alert."""
    reason = sample.failure.reason if sample.failure else "it answers again"
    return f"account {sample.instance.account} cannot be polled: {reason}"


def _labels(instance: Instance) -> Labels:
    labels = {
        "alertname": RULE,
        "account": instance.account,
        "region": instance.region,
        "project_id": instance.project_id,
    }
    return {name: value for name, value in labels.items() if value}
