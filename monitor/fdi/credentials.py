"""What makes a request of ours acceptable to the cloud: the headers that its credentials add."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Protocol

from multidict import CIMultiDict
from yarl import URL

from monitor.clock import Clock
from monitor.errors import AuthFailed
from monitor.fdi.account import Aksk, Token
from monitor.fdi.signing import DATE_HEADER, Draft, draft, sdk_date

TOKEN_HEADER = "X-Auth-Token"  # noqa: S105 - the header's name
SECURITY_TOKEN_HEADER = "X-Security-Token"  # noqa: S105 - the header's name

JSON = "application/json;charset=utf-8"
"""The content type of every body that is sent; a signature covers it."""

MAX_DRAFTS = 16_384
"""Requests remembered for signing; there is one for each instance."""


def token_headers(token: str) -> CIMultiDict[str]:
    """The headers of a request with `token`, in the form aiohttp takes fastest."""
    return CIMultiDict({TOKEN_HEADER: token})


def unsendable(**texts: str) -> AuthFailed | None:
    """What stands against sending `texts` in headers: white space or control characters inside, or nothing at all."""
    for name, text in texts.items():
        if not text or not text.isascii() or not text.isprintable() or " " in text:
            what = name.replace("_", " ")
            return AuthFailed(f"the {what} cannot be sent: it is empty, or not plain text in one line")
    return None


class Signer(Protocol):
    """One account's credentials at work."""

    advice: str
    """What people should do when they are refused, as the middle of a sentence."""

    project_id: str
    """The project these credentials are for; empty until it is known."""

    @property
    def expires_at(self) -> datetime | None:
        """When the token or the temporary keys in use end; None if they do not, or nobody can tell."""

    async def prepare(self) -> None:
        """Makes sure that `headers` has what it needs. May ask for it; raises the DoorError that this brings."""

    def headers(self, method: str, url: URL, /, body: bytes = b"") -> Mapping[str, str]:
        """What to add to this request, which leaves now. A body is JSON."""

    def refused(self, headers: Mapping[str, str], /) -> bool:
        """The cloud refused a request with these headers. Whether one more try with fresh ones could help."""

    def secrets(self) -> tuple[str, ...]:
        """What must not be seen in any text, as it is now."""


class AkskSigner:
    """Signs each request with an access key."""

    expires_at: datetime | None = None

    def __init__(self, auth: Aksk, account: str, *, project_id: str, now: Clock) -> None:
        """The header that names the project is left out while `project_id` is empty."""
        self.project_id = project_id
        self._access_key = auth.access_key.strip()
        self._secret_key = auth.secret_key.get_secret_value().strip()
        self._security_token = auth.security_token.get_secret_value().strip() if auth.security_token else ""
        temporary = {"security_token": self._security_token} if auth.security_token else {}
        self._fault = unsendable(access_key=self._access_key, **temporary)
        self._now = now
        self._drafted = lru_cache(MAX_DRAFTS)(self._draft)
        self.advice = f"check access key and secret key of account {account}, and this machine's clock"

    async def prepare(self) -> None:
        """The key is at hand. Raises AuthFailed if no header can carry it."""
        if self._fault is not None:
            raise self._fault.with_traceback(None)

    def headers(self, method: str, url: URL, /, body: bytes = b"") -> Mapping[str, str]:
        """Date, host, project and signature of this request."""
        # A body hardly ever comes again: its draft is not kept.
        make = self._draft if body else self._drafted
        fixed, unsigned = make(method, url, self.project_id, body)
        headers, date = fixed.copy(), sdk_date(self._now())
        headers[DATE_HEADER] = date
        headers["Authorization"] = unsigned.sign(date, access_key=self._access_key, secret_key=self._secret_key)
        return headers

    def refused(self, _headers: Mapping[str, str], /) -> bool:
        """A signature with a fresh date may be accepted."""
        return True

    def secrets(self) -> tuple[str, ...]:
        """The secret key and the token of a temporary pair."""
        return (self._secret_key, self._security_token)

    def _draft(self, method: str, url: URL, project_id: str, body: bytes) -> tuple[CIMultiDict[str], Draft]:
        headers = CIMultiDict({"Host": url.host_port_subcomponent or ""})
        if body:
            headers["Content-Type"] = JSON
        if project_id:
            headers["X-Project-Id"] = project_id
        if self._security_token:
            headers[SECURITY_TOKEN_HEADER] = self._security_token
        return headers, draft(method, url, headers, body)


class TokenSigner:
    """Shows a token that was made elsewhere."""

    expires_at: datetime | None = None

    def __init__(self, auth: Token, account: str, *, project_id: str) -> None:
        self.project_id = project_id
        self._token = auth.token.get_secret_value().strip()
        self._headers = token_headers(self._token)
        self._fault = unsendable(token=self._token)
        self.advice = f"put a fresh token for the right region into account {account}; it cannot be renewed here"

    async def prepare(self) -> None:
        """The token is at hand. Raises AuthFailed if no header can carry it."""
        if self._fault is not None:
            raise self._fault.with_traceback(None)

    def headers(self, _method: str, _url: URL, /, _body: bytes = b"") -> Mapping[str, str]:
        """The token."""
        return self._headers

    def refused(self, _headers: Mapping[str, str], /) -> bool:
        """The same token again would fail again."""
        return False

    def secrets(self) -> tuple[str, ...]:
        """The token."""
        return (self._token,)
