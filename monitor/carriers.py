"""How every destination of a policy is reached."""

from __future__ import annotations

from collections.abc import Callable

import aiohttp

from monitor.clock import Clock
from monitor.fdi.topics import AccountTopics
from monitor.notifiers import Exchange, SmtpServer, Tools, unseen
from monitor.notifiers.registry import build
from monitor.policy.policy import Policy
from monitor.settings import Settings
from monitor.standin import Carrier, Destination


def carriers(
    settings: Settings,
    policy: Policy,
    session: aiohttp.ClientSession,
    now: Clock,
    *,
    seen: Callable[[Exchange], None] = unseen,
) -> dict[Destination, Carrier]:
    """How every destination of the policy is reached. `seen` is told of every request to them."""
    smtp = settings.smtp
    tools = Tools(
        session,
        now,
        SmtpServer(smtp.host, smtp.port, smtp.user, smtp.password, smtp.tls, smtp.sender),
        topics={account.name: AccountTopics(account, session, now) for account in policy.accounts},
        seen=seen,
    )
    return {
        (receiver.name, position): Carrier.of(receiver, integration, build(integration, tools))
        for receiver in policy.receivers
        for position, integration in enumerate(receiver.integrations)
    }
