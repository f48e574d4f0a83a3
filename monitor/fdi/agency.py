"""Temporary access keys of the cloud server we run on, from its metadata service.

Source: the official huaweicloudsdkcore 3.1.219. The service is asked with a token of its own (IMDSv2), or without one
where it gives none (IMDSv1).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, NamedTuple

from pydantic import AwareDatetime, ConfigDict, Field, SecretStr, TypeAdapter, with_config
from yarl import URL

from monitor.clock import Clock
from monitor.errors import AuthFailed, DoorError, Unreachable
from monitor.fdi.account import Account, Aksk
from monitor.fdi.answers import Answer, Garbage, TimedOut, read
from monitor.fdi.credentials import SECURITY_TOKEN_HEADER, AkskSigner, unsendable
from monitor.fdi.lease import Lease, Lent
from monitor.fdi.refusals import printable
from monitor.fdi.signing import wire_url
from monitor.fdi.wire import Wire

METADATA = "http://169.254.169.254"
"""Where the metadata service of every cloud server answers, and nothing else does."""

LIMIT = 3.0
"""Seconds for one answer: it comes from the server's own host."""

TOKEN_LIFE = 21_600
"""Seconds that a token of the metadata service is asked for; each fetch of keys asks for a new one."""

_NO_TOKENS = (404, 405, 503)
_NO_AGENCY = b"configure Cloud Service Agency"
_RETRIED = (408, 429)
_WHERE = "an agency is for a Huawei Cloud server; a container there needs its server's network"

_Visible = Annotated[str, Field(pattern=r"^[\x21-\x7e]+$")]
_STRICT = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class _Credential:
    access: _Visible
    secret: _Visible = field(repr=False)
    securitytoken: _Visible = field(repr=False)
    expires_at: AwareDatetime


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class _SecurityKey:
    credential: _Credential


_SECURITY_KEY = TypeAdapter(_SecurityKey)


class _Set(NamedTuple):
    """What one fetch gave, at work. Keys and token of two fetches never meet: a request is signed by one set."""

    signer: AkskSigner
    token: str


class AgencySigner:
    """Signs each request with the temporary keys of the moment."""

    def __init__(self, account: Account, wire: Wire, now: Clock, *, metadata: str = METADATA) -> None:
        """`wire` is a direct one. `metadata` is the base URL of the metadata service."""
        self.project_id = account.project_id
        self._account = account.name
        self._wire = wire
        self._now = now
        self._token_url = wire_url(metadata, ("meta-data", "latest", "api", "token"))
        self._keys_url = wire_url(metadata, ("openstack", "latest", "securitykey"))
        self._lease = Lease(self._ask, now)
        self.advice = (
            "give the cloud server we run on an agency with ROMA ReadOnlyAccess (in the ECS console), or write other"
            f" credentials into account {account.name}; and check this machine's clock"
        )

    @property
    def expires_at(self) -> datetime | None:
        return self._lease.expires_at

    async def prepare(self) -> None:
        """Fetches keys or renews them if need be. The old ones serve while their renewal fails."""
        await self._lease.prepare()

    def headers(self, method: str, url: URL, /, body: bytes = b"") -> Mapping[str, str]:
        """Date, host, project, signature and security token of this request, all of one set."""
        held = self._lease.value
        if held is None:
            raise RuntimeError("headers are there after `prepare`")
        held.signer.project_id = self.project_id
        return held.signer.headers(method, url, body)

    def refused(self, headers: Mapping[str, str], /) -> bool:
        """Forgets the keys, unless they were replaced since. New ones may be accepted."""
        held = self._lease.value
        if held is not None and headers.get(SECURITY_TOKEN_HEADER) == held.token:
            self._lease.forget()
        return True

    def secrets(self) -> tuple[str, ...]:
        """The secret key and the security token."""
        held = self._lease.value
        return held.signer.secrets() if held is not None else ()

    async def _ask(self) -> Lent[_Set]:
        token = await self._token()
        answer = await self._keys(token)
        if answer.status == 401 and _NO_AGENCY not in answer.body:
            token = await self._token(needed=True)
            answer = await self._keys(token)
        if answer.status != 200:
            raise _refusal(answer, "keys", token)
        found = read(_SECURITY_KEY, answer).credential
        life = found.expires_at - self._now()
        if life <= timedelta():
            ended = f"{found.expires_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
            raise Garbage(f"the metadata service gave keys that ended at {ended}: is this machine's clock right?")
        pair = Aksk(found.access, SecretStr(found.secret), SecretStr(found.securitytoken))
        signer = AkskSigner(pair, self._account, project_id=self.project_id, now=self._now)
        return Lent(_Set(signer, found.securitytoken), life)

    async def _token(self, *, needed: bool = False) -> str:
        """A token to show to the metadata service; empty where it gives none and it is not `needed`."""
        answer = await self._exchange("PUT", self._token_url, {"X-Metadata-Token-Ttl-Seconds": str(TOKEN_LIFE)})
        if answer.status in _NO_TOKENS and not needed:
            return ""
        if answer.status != 200:
            raise _refusal(answer, "token")
        token = answer.body.decode(errors="replace").strip()
        if unsendable(token=token):
            raise Garbage("the metadata service gave a token that no header can carry")
        return token

    async def _keys(self, token: str) -> Answer:
        return await self._exchange("GET", self._keys_url, {"X-Metadata-Token": token} if token else {})

    async def _exchange(self, method: str, url: URL, headers: Mapping[str, str]) -> Answer:
        try:
            async with asyncio.timeout(LIMIT):
                return await self._wire.exchange(method, url, headers=headers)
        except TimeoutError as error:
            raise TimedOut(f"no answer of the metadata service within {LIMIT:g} s: {_WHERE}") from error
        except (Garbage, TimedOut):
            raise
        except Unreachable as error:
            raise Unreachable(f"no metadata service: {error.reason}: {_WHERE}") from error


def _refusal(answer: Answer, what: str, token: str = "") -> DoorError:
    """What an answer that is no success means. `token` is what was shown, blotted out should it be echoed."""
    if _NO_AGENCY in answer.body:
        return AuthFailed("the metadata service says that this cloud server has no agency")
    said = printable(answer.body.decode(errors="replace"), (token,))
    told = f"the metadata service gave no {what} ({answer.status}{': ' + said if said else ''})"
    if answer.status >= 500 or answer.status in _RETRIED:
        return Unreachable(told)
    return AuthFailed(told) if answer.status >= 400 else Garbage(told)
