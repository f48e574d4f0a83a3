"""Publishes to topics of Simple Message Notification (SMN) with the credentials of an account.

Source: PublishMessage of SMN, signed as every call of the gateway; refusals have the gateway's shapes.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import aiohttp

from monitor.clock import Clock
from monitor.errors import AuthFailed, DoorError, Refused, Unreachable
from monitor.fdi.account import Account
from monitor.fdi.agency import METADATA
from monitor.fdi.answers import TimedOut
from monitor.fdi.cloud import Cloud
from monitor.fdi.credentials import JSON
from monitor.fdi.hosts import smn_endpoint_of
from monitor.fdi.refusals import sorted_error
from monitor.fdi.signers import signer_for
from monitor.fdi.signing import wire_url
from monitor.fdi.wire import Wire

_PASSING = ("SMN.0019",)
"""The producer's own faults."""


class AccountTopics:
    """The topics of one account's project."""

    def __init__(
        self, account: Account, session: aiohttp.ClientSession, now: Clock, *, metadata: str = METADATA
    ) -> None:
        """`session`: see `Cloud`."""
        self._account = account
        self._wire = Wire(session)
        self._now = now
        self._signer = signer_for(account, self._wire, now, metadata=metadata)
        self._cloud = Cloud(account, session, now, metadata=metadata)

    async def publish(self, topic: str, body: bytes, *, base_url: str, within: timedelta) -> bytes:
        """The body of the 200 that says that the message is stored; it is not delivered yet. Raises DoorError.

        `topic` is a name or an URN; without `base_url` the region's host is asked.
        """
        limit = within.total_seconds()
        try:
            async with asyncio.timeout(limit):
                return await self._publish(topic, body, base_url)
        except TimeoutError as error:
            raise TimedOut(f"no whole answer within {limit:g} s") from error

    async def _publish(self, topic: str, body: bytes, base_url: str) -> bytes:
        try:
            await self._signer.prepare()
        except AuthFailed as error:
            raise _with_advice(error, self._signer.advice, topic) from error
        if not self._signer.project_id:
            self._signer.project_id = await self._cloud.project_id()
        region, project = self._account.region, self._signer.project_id
        if not region and not (base_url and topic.startswith("urn:")):
            raise Refused(f"account {self._account.name} has no region: write it, or `base_url` and the topic's URN")
        urn = topic if topic.startswith("urn:") else f"urn:smn:{region}:{project}:{topic}"
        base = (base_url or smn_endpoint_of(region)).rstrip("/")
        url = wire_url(base, ("v2", project, "notifications", "topics", urn, "publish"))
        headers = self._signer.headers("POST", url, body)
        answer = await self._wire.exchange("POST", url, headers={**headers, "Content-Type": JSON}, body=body)
        if 200 <= answer.status < 300:
            return answer.body
        refused = sorted_error(answer, at=self._now(), secrets=self._signer.secrets())
        if isinstance(refused, AuthFailed):
            self._signer.refused(headers)
        raise _with_advice(refused, self._signer.advice, topic)


def _with_advice(error: DoorError, advice: str, topic: str) -> DoorError:
    if isinstance(error, AuthFailed):
        return AuthFailed(f"{error.reason}: {advice}", code=error.code, request_id=error.request_id)
    if error.code in _PASSING:
        return Unreachable(error.reason, code=error.code, request_id=error.request_id)
    if isinstance(error, Refused):
        todo = f"check that topic {topic} exists there, and that the user may publish (smn:topic:publish)"
        return Refused(f"SMN does not take it ({error.reason}): {todo}", code=error.code, request_id=error.request_id)
    return error
