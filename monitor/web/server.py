"""Opens the rooms and serves them on one port."""

from __future__ import annotations

import errno
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from monitor.errors import UsageError
from monitor.web import (
    alert_page,
    alert_pages,
    alerts_api,
    am_alerts,
    am_silences,
    am_status,
    audit,
    delivery_pages,
    drills,
    events,
    explain,
    guard,
    health,
    instance,
    instances_api,
    links,
    metrics,
    openapi,
    outbox_api,
    overview,
    prometheus_api,
    proxies,
    reload,
    rule_pages,
    silence_pages,
    silences_api,
    status,
    status_api,
    titles,
)
from monitor.web.problems import as_problems
from monitor.web.site import SITE, Site
from monitor.web.trouble import as_pages

ROOMS = (
    overview,
    instance,
    status,
    events,
    health,
    metrics,
    reload,
    alerts_api,
    outbox_api,
    am_alerts,
    am_silences,
    am_status,
    alert_pages,
    alert_page,
    explain,
    rule_pages,
    delivery_pages,
    silence_pages,
    links,
    drills,
    audit,
    instances_api,
    silences_api,
    status_api,
    openapi,
    prometheus_api,
)

STATIC = Path(__file__).parent / "static"

_PATIENCE = 3.0
"""Seconds that requests under way are given when the service stops."""


def make_app(site: Site) -> web.Application:
    """The application with all rooms."""
    guards = (guard.own_names, guard.known_readers, guard.own_pages)
    outer = (as_problems, as_pages, guard.plain_errors, proxies.middleware(site.trusted))
    app = web.Application(middlewares=[*outer, *guards])
    app[SITE] = site
    app.on_response_prepare.append(guard.harden)
    for room in ROOMS:
        app.add_routes(room.routes)
    openapi.describe(app)
    events.close_with(app)
    metrics.share_with(app)
    titles.share_with(app)
    app.router.add_static("/static", STATIC)
    return app


@asynccontextmanager
async def serve(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Serves `app` while the block runs; gives the port, which for `port` 0 is any free one.

    Raises:
        UsageError: nothing can listen there.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_PATIENCE)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except (OSError, UnicodeError) as error:
            raise UsageError(_why(error, host, port)) from error
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


def _why(error: OSError | UnicodeError, host: str, port: int) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        return (
            f"port {port} on {host} is in use. Stop the program that uses it, or choose another port in "
            "FDI_MONITOR_WEB__PORT (0 takes any free one)."
        )
    # without a number of the system it was the search for the name that failed
    reason = os.strerror(number) if number and number > 0 else "the name is unknown"
    return (
        f"the pages cannot be served on {host}, port {port}: {reason}. Set FDI_MONITOR_WEB__HOST to an address of "
        "this machine (127.0.0.1 keeps it private) and FDI_MONITOR_WEB__PORT to a port from 1024 up."
    )
