"""Tokens for user and password: asked for once, renewed in time, and never asked for in anger. Virtual time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aioresponses import CallbackResult, aioresponses
from fdi_kit import BASE, CANARIES, IAM, PASSWORD, PROJECT, START, account, token_reply
from yarl import URL

from monitor.clock import virtual
from monitor.errors import AuthFailed, DoorError, Throttled, Unreachable
from monitor.fdi.answers import Garbage
from monitor.fdi.lease import RETRY, RETRY_REFUSED
from monitor.fdi.tokens import PasswordSigner
from monitor.fdi.wire import Wire, make_session

pytestmark = pytest.mark.looptime

TOKENS = f"{IAM}/v3/auth/tokens?nocatalog=true"
DAY = 86_400.0
ANY = URL(BASE)


@dataclass
class Iam:
    """IAM: counts the logins, and answers each with `reply(number)` after `takes` seconds."""

    logins: list[dict[str, Any]] = field(default_factory=list)
    takes: float = 0.1
    life: float = DAY
    fails: CallbackResult | None = None

    async def reply(self, _url: object, **request: Any) -> CallbackResult:
        self.logins.append(json.loads(request["data"]))
        await asyncio.sleep(self.takes)
        headers = {"X-Subject-Token": f"canary-token-{len(self.logins)}"}
        return self.fails or CallbackResult(status=201, payload=token_reply(self.life), headers=headers)


@pytest.fixture
async def iam() -> AsyncIterator[Iam]:
    made = Iam()
    with aioresponses() as mock:
        mock.post(TOKENS, callback=made.reply, repeat=True)
        yield made


@pytest.fixture
async def make() -> AsyncIterator[Callable[..., PasswordSigner]]:
    async with make_session() as session:
        clock = virtual(START, asyncio.get_running_loop())
        yield lambda **changes: PasswordSigner(PASSWORD, account(PASSWORD, **changes), Wire(session), clock)


def shown(signer: PasswordSigner) -> str:
    return signer.headers("GET", ANY)["X-Auth-Token"]


def failure(status: int, message: str = "no", **headers: str) -> CallbackResult:
    return CallbackResult(status=status, payload={"error": {"message": message, "code": status}}, headers=headers)


async def test_the_login_names_user_domain_and_project(iam: Iam, make: Callable[..., PasswordSigner]) -> None:
    await make().prepare()
    await make(project="").prepare()
    by_id, by_name = (login["auth"] for login in iam.logins)
    assert by_id["identity"] == {
        "methods": ["password"],
        "password": {"user": {"name": "monitor", "password": "canary-password-0815", "domain": {"name": "acme"}}},
    }
    assert by_id["scope"] == {"project": {"id": PROJECT}}
    assert by_name["scope"] == {"project": {"name": "cn-north-4"}}


async def test_however_many_wait_iam_is_asked_once(iam: Iam, make: Callable[..., PasswordSigner]) -> None:
    signer = make()
    await asyncio.gather(*(signer.prepare() for _ in range(50)))
    await signer.prepare()
    assert len(iam.logins) == 1
    assert shown(signer) == "canary-token-1"


async def test_the_project_is_taken_from_the_reply(iam: Iam, make: Callable[..., PasswordSigner]) -> None:
    signer = make(project="")
    await signer.prepare()
    assert signer.project_id == PROJECT


async def test_a_token_is_renewed_before_it_ends_but_not_long_before(
    iam: Iam, make: Callable[..., PasswordSigner]
) -> None:
    signer = make()
    await signer.prepare()
    await asyncio.sleep(0.9 * DAY)
    await signer.prepare()
    assert len(iam.logins) == 1
    await asyncio.sleep(0.055 * DAY)
    await signer.prepare()
    assert shown(signer) == "canary-token-2"


async def test_a_token_of_a_short_life_is_used_for_a_good_part_of_it(
    iam: Iam, make: Callable[..., PasswordSigner]
) -> None:
    iam.life = 60
    signer = make()
    await signer.prepare()
    await asyncio.sleep(20)
    await signer.prepare()
    assert len(iam.logins) == 1
    await asyncio.sleep(15)
    await signer.prepare()
    assert len(iam.logins) == 2


async def test_while_one_renews_the_others_go_on_with_the_old_token(
    iam: Iam, make: Callable[..., PasswordSigner]
) -> None:
    signer, loop = make(), asyncio.get_running_loop()
    await signer.prepare()
    await asyncio.sleep(0.97 * DAY)
    renewing = asyncio.create_task(signer.prepare())
    await asyncio.sleep(0.01)
    before = loop.time()
    await signer.prepare()
    assert (loop.time(), shown(signer)) == (before, "canary-token-1")
    await renewing
    assert shown(signer) == "canary-token-2"


@pytest.mark.parametrize(("status", "pause"), [(503, RETRY), (401, RETRY_REFUSED)])
async def test_the_old_token_serves_while_its_renewal_fails_and_iam_is_left_in_peace(
    iam: Iam, make: Callable[..., PasswordSigner], status: int, pause: float
) -> None:
    signer = make()
    await signer.prepare()
    await asyncio.sleep(0.97 * DAY)
    iam.fails = failure(status)
    for _ in range(10):
        await signer.prepare()
        await asyncio.sleep(pause / 11)
    assert (len(iam.logins), shown(signer)) == (2, "canary-token-1")
    await asyncio.sleep(pause)
    iam.fails = None
    await signer.prepare()
    assert shown(signer) == "canary-token-3"


async def test_an_old_token_that_has_ended_serves_no_more(iam: Iam, make: Callable[..., PasswordSigner]) -> None:
    signer = make()
    await signer.prepare()
    await asyncio.sleep(DAY + 1)
    iam.fails = failure(503)
    with pytest.raises(Unreachable):
        await signer.prepare()


async def test_a_refused_token_is_forgotten_unless_it_was_replaced_since(
    iam: Iam, make: Callable[..., PasswordSigner]
) -> None:
    signer = make()
    await signer.prepare()
    old = signer.headers("GET", ANY)
    assert signer.refused(old)
    await signer.prepare()
    assert shown(signer) == "canary-token-2"
    assert signer.refused(old)
    await signer.prepare()
    assert len(iam.logins) == 2


@pytest.mark.parametrize(
    ("answer", "kind", "pause"),
    [
        (failure(401, "The username or password is wrong."), AuthFailed, RETRY_REFUSED),
        (failure(403), AuthFailed, RETRY_REFUSED),
        (failure(400), AuthFailed, RETRY_REFUSED),
        (failure(404), AuthFailed, RETRY_REFUSED),
        (failure(500), Unreachable, RETRY),
        (failure(503), Unreachable, RETRY),
        (failure(429, **{"Retry-After": "40"}), Throttled, 40),
        (CallbackResult(status=302), Garbage, RETRY),
        (CallbackResult(status=200, payload=token_reply()), Garbage, RETRY),
        (CallbackResult(status=201, payload=token_reply()), Garbage, RETRY),
        (CallbackResult(status=201, body="<html>", headers={"X-Subject-Token": "canary-t"}), Garbage, RETRY),
        (CallbackResult(status=201, payload=token_reply(-5), headers={"X-Subject-Token": "canary-t"}), Garbage, RETRY),
    ],
)
async def test_a_failed_login_is_sorted_and_not_tried_again_at_once(
    iam: Iam, make: Callable[..., PasswordSigner], answer: CallbackResult, kind: type[DoorError], pause: float
) -> None:
    signer = make()
    iam.fails = answer
    results = await asyncio.gather(*(signer.prepare() for _ in range(20)), return_exceptions=True)
    assert {type(result) for result in results} == {kind}
    assert not any(canary in str(result) for canary in CANARIES for result in results)
    await asyncio.sleep(pause - 1)
    with pytest.raises(kind):
        await signer.prepare()
    assert len(iam.logins) == 1
    await asyncio.sleep(2)
    with pytest.raises(kind):
        await signer.prepare()
    assert len(iam.logins) == 2


async def test_an_iam_that_hangs_is_given_up_after_the_time_out(iam: Iam, make: Callable[..., PasswordSigner]) -> None:
    iam.takes = 1000
    start = asyncio.get_running_loop().time()
    with pytest.raises(Unreachable, match="no token within 7 s"):
        await make(timeout=7).prepare()
    assert asyncio.get_running_loop().time() == pytest.approx(start + 7)


async def test_who_is_cancelled_while_asking_leaves_the_place_to_the_next(
    iam: Iam, make: Callable[..., PasswordSigner]
) -> None:
    signer = make()
    first, second = (asyncio.create_task(signer.prepare()) for _ in range(2))
    await asyncio.sleep(0.05)
    first.cancel()
    await second
    assert shown(signer) == "canary-token-2"
