"""When a trial may go out beside the running service, whose messages count against the same limit of a chat."""

from __future__ import annotations

from datetime import datetime

from monitor.budget import PRESETS, plan
from monitor.errors import StoreFailed, UsageError
from monitor.model import Severity
from monitor.settings import Settings
from monitor.standin import Destination
from monitor.store import budgets
from monitor.store.database import open_archive


async def turn(settings: Settings, kind: str, destination: Destination, at: datetime) -> datetime:
    """The moment from which on one more message is within the limit, what is kept for criticals left to them; `at`
    where there is room, where nothing limits the kind, and where no service has worked here."""
    limits = PRESETS.get(kind, ())
    if not limits:
        return at
    try:
        async with open_archive(settings.data, settings.database) as archive, archive.read() as tx:
            spent = await budgets.spent(tx, destination)
    except (UsageError, StoreFailed):
        return at
    return plan(limits, spent, [Severity.INFO], at).again_at or at
