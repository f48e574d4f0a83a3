"""The gateway before every call: counts it, finds who calls, holds the quota, applies faults."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from hmac import compare_digest

from aiohttp import web

from monitor.simulator import signature
from monitor.simulator.cloud import Cloud, Member
from monitor.simulator.faults import EVERYONE, Fault
from monitor.simulator.identity import TemporaryKeys, Token
from monitor.simulator.misbehaviour import skew
from monitor.simulator.replies import STALE_TOKEN, WRONG_PROJECT, throttled, unauthenticated
from monitor.simulator.wire import DATE, REQUEST_ID, Declined, error_response

SECURITY_TOKEN = "X-Security-Token"  # noqa: S105 - the header's name

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Visit:
    """A request let in: when it arrived, the token it bore (None if it was signed), the fault that hits it."""

    at: datetime
    token: Token | None
    fault: Fault | None


class Gate:
    """Admits requests, or raises `Declined`."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def guard(self, handler: Handler) -> Handler:
        """A handler whose `Declined` becomes the documented reply; every request gets its id here."""
        cloud = self._cloud

        async def guarded(request: web.Request) -> web.StreamResponse:
            request_id = cloud.request_id()
            request[REQUEST_ID] = request_id
            try:
                return await handler(request)
            except Declined as declined:
                cloud.figures.refused[declined.kind] += 1
                return error_response(declined.error, request_id)

        return guarded

    async def admit(self, request: web.Request, call: str, member: Member | None = None) -> Visit:
        """A quota-bound call of FDI: fault, credentials, quota, project, in this order."""
        cloud = self._cloud
        at = cloud.clock()
        seconds = at.timestamp()
        cloud.figures.arrive(call, seconds)
        if member is None:
            fault = cloud.faults.pick((call, EVERYONE), seconds)
        else:
            machine = member.machine
            cloud.figures.instances[machine.id] += 1
            scripted = cloud.moment(member, at).fault
            fault = cloud.faults.pick((machine.id, machine.name, call, EVERYONE), seconds, scripted)
        token = await self.authenticate(request, at, fault)
        broken = cloud.quota.take(seconds)
        if broken is not None:
            raise Declined(throttled(broken), "quota")
        if request.match_info["project_id"] != cloud.account.project_id:
            raise Declined(WRONG_PROJECT, "project")
        cloud.figures.accepted += 1
        return Visit(at, token, fault)

    async def authenticate(self, request: web.Request, at: datetime, fault: Fault | None = None) -> Token | None:
        """The token borne, or None for a good signature."""
        ahead = skew(fault)
        if ahead:
            at += timedelta(seconds=ahead)
            request[DATE] = format_datetime(at, usegmt=True)
        value = request.headers.get("X-Auth-Token")
        if value is not None:
            return self._token(value, at)
        authorization = request.headers.get("Authorization")
        if authorization is None:
            raise Declined(unauthenticated("the request carries neither a token nor a signature"), "credentials")
        await self._check_signature(request, authorization, at)
        return None

    def _token(self, value: str, at: datetime) -> Token:
        token = self._cloud.tokens.find(value)
        if token is None:
            raise Declined(unauthenticated("decrypt token fail"), "credentials")
        if at >= token.expires:
            raise Declined(STALE_TOKEN, "credentials")
        return token

    async def _check_signature(self, request: web.Request, authorization: str, at: datetime) -> None:
        cloud = self._cloud
        parts = signature.parse(authorization)
        if parts is None:
            raise Declined(unauthenticated("the Authorization header is not of SDK-HMAC-SHA256"), "credentials")
        body = await request.read() if request.body_exists else b""
        if (keys := cloud.agency.find(parts.access_key)) is not None:
            _check_security_token(request, parts, keys, at)
            self._compare(request, parts, at, body, keys.secret_key)
            return
        if parts.access_key != cloud.account.access_key:
            why = f"Get secretKey failed,ak:{parts.access_key},err:ak not exist"
            raise Declined(unauthenticated(why), "credentials")
        if cloud.key_lock.holds(at):
            raise Declined(unauthenticated("AK access failed to reach the limit,forbidden"), "locked")
        try:
            self._compare(request, parts, at, body, cloud.account.secret_key)
        except Declined:
            cloud.key_lock.fail(at)
            raise
        cloud.key_lock.succeed()

    def _compare(self, request: web.Request, parts: signature.Signed, at: datetime, body: bytes, secret: str) -> None:
        date = request.headers.get("X-Sdk-Date", "")
        moment = signature.moment(date)
        if moment is None or abs(at - moment) > signature.SKEW:
            raise Declined(unauthenticated("verify aksk signature fail, signature expired"), "credentials")
        canonical = signature.canonical_request(
            request.method, request.raw_path, headers=request.headers, signed=parts.headers, body=body
        )
        if not compare_digest(signature.sign(secret, date, canonical), parts.signature):
            echo = canonical.replace("\n", "|")
            raise Declined(unauthenticated(f"verify aksk signature fail, canonicalRequest:{echo}"), "credentials")


def _check_security_token(request: web.Request, parts: signature.Signed, keys: TemporaryKeys, at: datetime) -> None:
    """Temporary keys need their own security token beside them, signed with the rest."""
    given = request.headers.get(SECURITY_TOKEN, "").encode(errors="surrogateescape")
    signed = SECURITY_TOKEN.lower() in parts.headers
    if not signed or not compare_digest(given, keys.security_token.encode()) or at >= keys.expires:
        raise Declined(unauthenticated("decrypt token fail"), "credentials")
