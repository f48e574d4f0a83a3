"""What each address asks of whoever comes: the whole table, which a test holds against the routes that there are.

`None` is for everybody: probes, style sheets, and links in messages, which carry a ticket of their own so that a phone
without a login can act.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import hdrs, web

from monitor.access import Role

READS, WRITES = Role.VIEWER, Role.OPERATOR

NEEDS: Mapping[str, Role | None] = {
    "GET /": READS,
    "GET /instances/{account}/{id}": READS,
    "GET /alerts": READS,
    "GET /alerts/ack": WRITES,
    "POST /alerts/ack": WRITES,
    "GET /alerts/{fingerprint}": READS,
    "POST /alerts/{fingerprint}/unack": WRITES,
    "GET /rules": READS,
    "GET /deliveries": READS,
    "GET /deliveries/retry": WRITES,
    "POST /deliveries/retry": WRITES,
    "GET /deliveries/{id}": READS,
    "POST /deliveries/{id}/retry": WRITES,
    "POST /deliveries/{id}/drop": WRITES,
    "GET /silences": READS,
    "GET /silences/new": WRITES,
    "POST /silences/new": WRITES,
    "GET /silences/{id}": READS,
    "POST /silences/{id}/expire": WRITES,
    "POST /silences/{id}/extend": WRITES,
    "GET /status": READS,
    "GET /links/{link}": None,
    "POST /links/{link}": None,
    "GET /static": None,
    "GET /healthz": None,
    "GET /readyz": None,
    "GET /-/healthy": None,
    "GET /-/ready": None,
    "GET /metrics": READS,
    "POST /-/reload": WRITES,
    "GET /api/fdi/v1/events": READS,
    "GET /api/fdi/v1/openapi.json": READS,
    "GET /api/fdi/v1/status": READS,
    "GET /api/fdi/v1/accounts": READS,
    "GET /api/fdi/v1/instances": READS,
    "GET /api/fdi/v1/instances/{account}/{id}": READS,
    "GET /api/fdi/v1/instances/{account}/{id}/history": READS,
    "GET /api/fdi/v1/decisions": READS,
    "GET /api/fdi/v1/silences": READS,
    "POST /api/fdi/v1/silences": WRITES,
    "GET /api/fdi/v1/silences/{id}": READS,
    "DELETE /api/fdi/v1/silences/{id}": WRITES,
    "GET /api/fdi/v1/alerts": READS,
    "GET /api/fdi/v1/alerts/{fingerprint}": READS,
    "GET /api/fdi/v1/alerts/{fingerprint}/decisions": READS,
    "POST /api/fdi/v1/alerts/{fingerprint}/ack": WRITES,
    "DELETE /api/fdi/v1/alerts/{fingerprint}/ack": WRITES,
    "GET /api/fdi/v1/explain": READS,
    "GET /api/fdi/v1/audit": READS,
    "GET /api/fdi/v1/outbox": READS,
    "POST /api/fdi/v1/outbox/{id}/retry": WRITES,
    "DELETE /api/fdi/v1/outbox/{id}": WRITES,
    "POST /api/fdi/v1/drills": WRITES,
    "GET /api/fdi/v1/drills": READS,
    "GET /api/fdi/v1/drills/{id}": READS,
    "POST /api/fdi/v1/silences/preview": READS,
    "GET /api/v1/rules": READS,
    "GET /api/v1/alerts": READS,
    "GET /api/v1/status/buildinfo": READS,
    "GET /api/v2/status": READS,
    "GET /api/v2/receivers": READS,
    "GET /api/v2/alerts": READS,
    "POST /api/v2/alerts": WRITES,
    "GET /api/v2/alerts/groups": READS,
    "GET /api/v2/silences": READS,
    "POST /api/v2/silences": WRITES,
    "GET /api/v2/silence/{id}": READS,
    "DELETE /api/v2/silence/{id}": WRITES,
}


def needed(request: web.Request) -> Role | None:
    """The role that this request asks for; None where it is for everybody.

    What is at no address is told to readers only. An address that is not in the table is for operators: nothing is
    open because somebody forgot a line.
    """
    resource = request.match_info.route.resource
    if resource is None:
        return READS
    method = hdrs.METH_GET if request.method == hdrs.METH_HEAD else request.method
    return NEEDS.get(f"{method} {resource.canonical}", WRITES)
