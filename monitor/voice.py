"""What the pages and the APIs know of the policy in force."""

from __future__ import annotations

from monitor.live import InForce
from monitor.policy.quota import written
from monitor.web.site import Speech, Tended


def speech(force: InForce) -> Speech:
    """The policy that the service goes by now, as far as it is told of."""
    policy = force.policy
    return Speech(
        route=policy.route,
        receivers=tuple(one.name for one in policy.receivers),
        quieting=policy.quieting,
        rules=policy.rules,
        kinds={one.name: tuple(each.kind for each in one.integrations) for one in policy.receivers},
        accounts=tuple(
            Tended(one.name, one.region, written(one.quota), one.quota.rate, one.poll_every) for one in policy.accounts
        ),
        files=policy.files,
        faults=force.faults,
        warnings=policy.warnings,
        places=policy.places,
        tested=policy.tested,
        heartbeat=policy.heartbeat.every if policy.heartbeat.url else None,
    )
