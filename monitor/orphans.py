"""Which live alerts nothing will move any more, and why. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from monitor.model import Alert, Cause, InstanceKey


def orphaned(
    key: InstanceKey, alert: Alert, *, polled: Mapping[str, Collection[InstanceKey] | None], rules: Collection[str]
) -> Cause | None:
    """Why nothing will move this alert any more; None while something may.

    `polled` are the instances by account, None where only the cloud knows them. A key without an id stands for the
    account itself.
    """
    if key.account not in polled:
        return Cause.ACCOUNT_REMOVED
    instances = polled[key.account]
    if key.id and instances is not None and key not in instances:
        return Cause.INSTANCE_REMOVED
    return None if alert.rule in rules else Cause.RULE_REMOVED
