"""Whatever is refused, and by whom: never more than two failed authentications in five minutes. Virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from aioresponses import CallbackResult, aioresponses
from fdi_kit import (
    AKSK,
    IAM,
    PASSWORD,
    TEMPORARY,
    TOKEN,
    gateway_error,
    instance,
    statistics_url,
    token_reply,
    virtually,
)
from fdi_mock import GOOD, OLD_TOKEN, REFUSED, opened
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.fdi.account import Agency, Credentials
from monitor.fdi.agency import METADATA

WINDOW = 300.0
ALLOWED = 2
BAD_TOKEN = CallbackResult(status=400, payload=gateway_error("ROMA.1002", "Incorrect token or token resolution failed"))
WRONG_PASSWORD = CallbackResult(status=401, payload={"error": {"message": "wrong", "code": 401, "title": "no"}})


class Refusing:
    """A cloud that lets nobody in from `since` on; `failures` are the moments when it said so."""

    def __init__(self, mock: aioresponses, refusal: CallbackResult, *, since: float, login: bool) -> None:
        self.failures: list[float] = []
        self._refusal = refusal
        self._since = since
        self._login = login
        mock.get(statistics_url(), callback=self._poll, repeat=True)
        mock.post(f"{IAM}/v3/auth/tokens?nocatalog=true", callback=self._token, repeat=True)
        mock.put(f"{METADATA}/meta-data/latest/api/token", status=404, repeat=True)
        mock.get(f"{METADATA}/openstack/latest/securitykey", payload=KEYS, repeat=True)

    def _refuses(self) -> bool:
        at = asyncio.get_running_loop().time()
        if at >= self._since:
            self.failures.append(at)
        return at >= self._since

    async def _poll(self, _url: object, **_request: Any) -> CallbackResult:
        await asyncio.sleep(0.2)
        return self._refusal if self._refuses() else GOOD

    async def _token(self, _url: object, **_request: Any) -> CallbackResult:
        await asyncio.sleep(0.2)
        if not self._login and self._refuses():
            return WRONG_PASSWORD
        return CallbackResult(status=201, payload=token_reply(900), headers={"X-Subject-Token": "canary-token"})


KEYS = {
    "credential": {
        "access": "AK",
        "secret": "canary-secret",
        "securitytoken": "canary-security-token",
        "expires_at": "2026-01-06T10:00:00.000000Z",
    }
}


async def hammered(auth: Credentials, waits: Sequence[float], polls: int, refusing: dict[str, Any]) -> list[float]:
    """The moments of failed authentications while `polls` polls at once come again and again."""
    with aioresponses() as mock:
        cloud_there = Refusing(mock, **refusing)
        async with opened(auth) as cloud:
            for wait in waits:
                await asyncio.gather(*(cloud.sample(instance()) for _ in range(polls)))
                await asyncio.sleep(wait)
    return cloud_there.failures


def most_in_a_window(moments: list[float]) -> int:
    return max((sum(start <= at < start + WINDOW for at in moments) for start in moments), default=0)


@settings(max_examples=25, deadline=None)
@given(
    auth=st.sampled_from([AKSK, TEMPORARY, TOKEN, PASSWORD, Agency()]),
    refusal=st.sampled_from([REFUSED, OLD_TOKEN, BAD_TOKEN]),
    login=st.booleans(),
    waits=st.lists(st.sampled_from([0.1, 1.0, 15.0, 40.0, 299.0, 301.0]), min_size=5, max_size=30),
    polls=st.integers(1, 8),
)
def test_from_the_start_on(
    auth: Credentials, refusal: CallbackResult, login: bool, waits: list[float], polls: int
) -> None:
    refusing = {"refusal": refusal, "since": 0, "login": login}
    failures = virtually(hammered(auth, waits, polls, refusing))
    assert failures != []
    assert most_in_a_window(failures) <= ALLOWED


@settings(max_examples=25, deadline=None)
@given(
    auth=st.sampled_from([AKSK, TEMPORARY, TOKEN, PASSWORD, Agency()]),
    since=st.sampled_from([5.0, 300.0, 500.0, 840.0, 895.0, 1000.0]),
    login=st.booleans(),
    waits=st.lists(st.sampled_from([15.0, 40.0, 60.0, 301.0]), min_size=30, max_size=60),
)
def test_after_it_was_good_for_a_while(auth: Credentials, since: float, login: bool, waits: list[float]) -> None:
    """One poll after the other: those on their way together when it begins are one failure together."""
    refusing = {"refusal": REFUSED, "since": since, "login": login}
    failures = virtually(hammered(auth, waits, 1, refusing))
    assert most_in_a_window(failures) <= ALLOWED


@pytest.mark.parametrize("auth", [AKSK, PASSWORD, Agency()])
def test_and_the_account_goes_on_trying(auth: Credentials) -> None:
    refusing = {"refusal": REFUSED, "since": 100.0, "login": True}
    failures = virtually(hammered(auth, [10.0] * 200, 1, refusing))
    assert 8 <= len(failures) <= 14
