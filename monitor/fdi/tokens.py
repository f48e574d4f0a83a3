"""Tokens for an IAM user with a password.

Source: KeystoneCreateUserTokenByPassword. A token lives 24 h, and dies within 30 minutes when the user's password or
permissions change, so a refused one is forgotten and asked for anew.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from yarl import URL

from monitor.clock import Clock
from monitor.errors import AuthFailed, DoorError, Refused
from monitor.fdi.account import Account, Password
from monitor.fdi.answers import Answer, Garbage, TimedOut, token_info
from monitor.fdi.credentials import TOKEN_HEADER, token_headers, unsendable
from monitor.fdi.lease import Lease, Lent
from monitor.fdi.refusals import sorted_error
from monitor.fdi.signing import wire_url
from monitor.fdi.wire import Wire


class PasswordSigner:
    """Shows a token that IAM gives for user and password."""

    def __init__(self, auth: Password, account: Account, wire: Wire, now: Clock) -> None:
        self._wire = wire
        self._now = now
        self._url = wire_url(account.iam_endpoint, ("v3", "auth", "tokens"), [("nocatalog", "true")])
        self._limit = account.timeout.total_seconds()
        self._password = auth.password.get_secret_value()
        self._body = _login_body(auth, self._password, account)
        self._lease = Lease(self._ask, now)
        self.project_id = account.project_id
        self.advice = (
            f"check domain, user and password of account {account.name} (an IAM user with programmatic access,"
            " not a HUAWEI ID), and its region"
        )

    @property
    def expires_at(self) -> datetime | None:
        return self._lease.expires_at

    async def prepare(self) -> None:
        """Asks for a token or renews it if need be. The old one serves while its renewal fails."""
        await self._lease.prepare()

    def headers(self, _method: str, _url: URL, /, _body: bytes = b"") -> Mapping[str, str]:
        """The token."""
        return self._lease.value or {}

    def refused(self, headers: Mapping[str, str], /) -> bool:
        """Forgets the token, unless it was replaced since. A new one may be accepted."""
        if headers.get(TOKEN_HEADER) == self._token():
            self._lease.forget()
        return True

    def secrets(self) -> tuple[str, ...]:
        """The password and the present token."""
        return (self._password, self._token())

    def _token(self) -> str:
        return (self._lease.value or {}).get(TOKEN_HEADER, "")

    async def _ask(self) -> Lent[Mapping[str, str]]:
        answer = await self._login()
        info = token_info(answer)
        token = answer.headers.get("X-Subject-Token", "")
        life = info.expires_at - info.issued_at
        if unsendable(token=token) or life <= timedelta():
            raise Garbage("IAM answered 201 without a token that lives", request_id=answer.request_id)
        if info.project is not None:
            self.project_id = self.project_id or info.project.id
        return Lent(token_headers(token), life)

    async def _login(self) -> Answer:
        headers = {"Content-Type": "application/json;charset=utf8"}
        try:
            async with asyncio.timeout(self._limit):
                answer = await self._wire.exchange("POST", self._url, headers=headers, body=self._body)
        except TimeoutError as error:
            raise TimedOut(f"IAM gave no token within {self._limit:g} s") from error
        if answer.status != 201:
            raise _refusal(answer, self._now(), self._password)
        return answer


def _login_body(auth: Password, password: str, account: Account) -> bytes:
    user = {"name": auth.user, "password": password, "domain": {"name": auth.domain}}
    project = {"id": account.project_id} if account.project_id else {"name": account.region}
    return json.dumps(
        {
            "auth": {
                "identity": {"methods": ["password"], "password": {"user": user}},
                "scope": {"project": project},
            }
        }
    ).encode()


def _refusal(answer: Answer, at: datetime, password: str) -> DoorError:
    """IAM's no. Whatever it is that IAM does not accept, asking again and again locks the user."""
    error = sorted_error(answer, at=at, secrets=(password,))
    if isinstance(error, Refused | AuthFailed):
        return AuthFailed(f"IAM gave no token: {error.reason}", code=error.code, request_id=error.request_id)
    return error
