"""Credentials that are refused, locked, dead or broken: nothing is hammered, nothing is shown. Virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from aioresponses import CallbackResult, aioresponses
from fdi_kit import (
    AKSK,
    CANARIES,
    IAM,
    PASSWORD,
    SECRET_KEY,
    SECURITY_TOKEN,
    TEMPORARY,
    TOKEN,
    TOKEN_TEXT,
    gateway_error,
    instance,
)
from fdi_mock import GOOD, OLD_TOKEN, REFUSED, kind_of, opened, serve, serve_tokens
from pydantic import SecretStr

from monitor.errors import AuthFailed
from monitor.fdi.account import Aksk, Credentials, Quota, Token
from monitor.fdi.cloud import Cloud
from monitor.fdi.gate import REST
from monitor.model import FailureKind

pytestmark = pytest.mark.looptime

BAD_TOKEN = CallbackResult(status=400, payload=gateway_error("ROMA.1002", "Incorrect token or token resolution failed"))
THROTTLED = CallbackResult(status=429, payload=gateway_error("APIGW.0308", "over ratelimit,limit:9,time:1 minute"))
NO_TOKEN = CallbackResult(status=400, payload=gateway_error("ROMA.1000", "no token"))


@pytest.fixture
def mock() -> Iterator[aioresponses]:
    with aioresponses() as made:
        yield made


async def test_however_often_iam_is_away_the_first_poll_after_that_is_good(mock: aioresponses) -> None:
    for _ in range(3):
        mock.post(f"{IAM}/v3/auth/tokens?nocatalog=true", status=503)
    serve(mock, GOOD)
    async with opened(PASSWORD) as cloud:
        for _ in range(3):
            assert kind_of(await cloud.sample(instance())) is FailureKind.UNREACHABLE
            await asyncio.sleep(16)
        serve_tokens(mock)
        assert (await cloud.sample(instance())).up


async def test_an_error_from_behind_the_gateway_proves_the_credentials_too(mock: aioresponses) -> None:
    serve(mock, CallbackResult(status=500, payload=gateway_error("FDI.9999", "Network error.")), takes=0.5)
    async with opened() as cloud:
        start = asyncio.get_running_loop().time()
        await asyncio.gather(*(cloud.sample(instance()) for _ in range(20)))
        assert asyncio.get_running_loop().time() - start < 1.1


async def test_an_access_key_that_is_refused_gets_one_more_try_and_then_the_account_rests(mock: aioresponses) -> None:
    server = serve(mock, REFUSED)
    async with opened(AKSK) as cloud:
        samples = await asyncio.gather(*(cloud.sample(instance()) for _ in range(32)))
        for _ in range(9):
            await asyncio.sleep(30)
            samples.append(await cloud.sample(instance()))
        assert {kind_of(sample) for sample in samples} == {FailureKind.AUTH}
        assert len(server.times) == cloud.requests == 2
        assert samples[-1].failure is not None
        assert samples[-1].failure.reason == (
            "the credentials were refused (401 APIGW.0301: Incorrect IAM authentication information): check access key"
            " and secret key of account prod, and this machine's clock; resting until 10:05:00 UTC"
        )
        assert samples[-1].failure.request_id == "r401"
        server.answers = [GOOD]
        await asyncio.sleep(REST - 270)
        assert (await cloud.sample(instance())).up


async def test_a_token_that_cannot_be_renewed_is_shown_once(mock: aioresponses) -> None:
    server = serve(mock, REFUSED)
    async with opened(TOKEN) as cloud:
        assert kind_of(await cloud.sample(instance())) is FailureKind.AUTH
        assert kind_of(await cloud.sample(instance())) is FailureKind.AUTH
    assert len(server.times) == 1


@pytest.mark.parametrize(
    "auth",
    [
        Token(SecretStr("canary-to\nken")),
        Token(SecretStr("canary-tökèn")),
        Token(SecretStr(" ")),
        Aksk("AK\r\nX-Evil: 1", SecretStr("canary-sk")),
        Aksk("AK", SecretStr("canary-sk"), SecretStr("canary-to\0ken")),
    ],
)
async def test_credentials_that_no_header_can_carry_are_never_sent(mock: aioresponses, auth: Credentials) -> None:
    server = serve(mock, GOOD)
    async with opened(auth) as cloud:
        sample = await cloud.sample(instance())
    assert kind_of(sample) is FailureKind.AUTH
    assert sample.failure is not None
    assert "cannot be sent" in sample.failure.reason
    assert server.times == []


async def test_white_space_round_a_token_from_a_file_is_no_part_of_it(mock: aioresponses) -> None:
    server = serve(mock, GOOD)
    async with opened(Token(SecretStr(f" {TOKEN_TEXT}\n"))) as cloud:
        assert (await cloud.sample(instance())).up
    assert server.headers[0]["X-Auth-Token"] == TOKEN_TEXT


async def test_locked_credentials_are_left_alone_at_once(mock: aioresponses) -> None:
    body = gateway_error("APIGW.0301", "AK access failed to reach the limit,forbidden")
    server = serve(mock, CallbackResult(status=401, payload=body))
    async with opened(AKSK) as cloud:
        assert kind_of(await cloud.sample(instance())) is FailureKind.AUTH
        assert kind_of(await cloud.sample(instance())) is FailureKind.AUTH
    assert len(server.times) == 1


@pytest.mark.parametrize("told", [OLD_TOKEN, REFUSED, BAD_TOKEN, NO_TOKEN])
async def test_a_token_that_died_early_is_replaced_and_the_poll_succeeds(
    mock: aioresponses, told: CallbackResult
) -> None:
    given = serve_tokens(mock)
    server = serve(mock, GOOD, told, GOOD)
    async with opened(PASSWORD) as cloud:
        assert (await cloud.sample(instance())).up
        assert (await cloud.sample(instance())).up
    assert given == ["canary-token-1", "canary-token-2"]
    shown = [headers["X-Auth-Token"] for headers in server.headers]
    assert shown == ["canary-token-1", "canary-token-1", "canary-token-2"]


async def test_when_a_token_dies_under_many_polls_one_new_one_saves_them_all(mock: aioresponses) -> None:
    given = serve_tokens(mock)
    server = serve(mock, GOOD, *[OLD_TOKEN] * 20, GOOD)
    async with opened(PASSWORD) as cloud:
        assert (await cloud.sample(instance())).up
        samples = await asyncio.gather(*(cloud.sample(instance()) for _ in range(20)))
    assert all(sample.up for sample in samples)
    assert len(given) == 2
    assert len(server.times) == 41


async def test_a_new_token_that_is_refused_too_ends_it(mock: aioresponses) -> None:
    given = serve_tokens(mock)
    server = serve(mock, OLD_TOKEN)
    async with opened(PASSWORD) as cloud:
        samples = await asyncio.gather(*(cloud.sample(instance()) for _ in range(10)))
    assert {kind_of(sample) for sample in samples} == {FailureKind.AUTH}
    assert (len(given), len(server.times)) == (2, 2)


async def test_a_wrong_password_is_tried_once(mock: aioresponses) -> None:
    given = serve_tokens(mock, status=401)
    server = serve(mock, GOOD)
    async with opened(PASSWORD) as cloud:
        samples = list(await asyncio.gather(*(cloud.sample(instance()) for _ in range(32))))
        await asyncio.sleep(200)
        samples.append(await cloud.sample(instance()))
        with pytest.raises(AuthFailed):
            await cloud.instances()
    assert {kind_of(sample) for sample in samples} == {FailureKind.AUTH}
    assert (len(given), len(server.times)) == (1, 0)
    assert samples[-1].failure is not None
    assert "check domain, user and password of account prod" in samples[-1].failure.reason
    assert "resting until 10:05:00 UTC" in samples[-1].failure.reason


@pytest.mark.parametrize(
    ("auth", "secret"), [(TEMPORARY, SECURITY_TOKEN), (TEMPORARY, SECRET_KEY), (TOKEN, TOKEN_TEXT)]
)
async def test_secrets_echoed_by_the_server_stay_out_of_the_reason(
    mock: aioresponses, auth: Credentials, secret: str
) -> None:
    message = f"verify aksk signature fail, canonicalRequest:GET|/v2|x-security-token:{secret}|"
    serve(mock, CallbackResult(status=403, payload=gateway_error("APIGW.0302", message)))
    async with opened(auth) as cloud:
        assert kind_of(await cloud.sample(instance())) is FailureKind.REFUSED


async def test_a_token_replaced_meanwhile_is_blotted_out_too(mock: aioresponses) -> None:
    serve_tokens(mock)
    echo = CallbackResult(status=403, payload=gateway_error("APIGW.0302", "not for canary-token-1"))
    server = serve(mock, GOOD, echo, takes=1)
    async with opened(PASSWORD) as cloud:
        await cloud.sample(instance())
        late = asyncio.create_task(cloud.sample(instance()))
        await asyncio.sleep(0.5)
        cloud._signer.refused({"X-Auth-Token": "canary-token-1"})
        assert kind_of(await late) is FailureKind.REFUSED
    assert len(server.times) == 2


async def test_no_secret_shows_in_the_repr_of_anything(mock: aioresponses) -> None:
    serve_tokens(mock)
    for auth in (TOKEN, AKSK, TEMPORARY, PASSWORD):
        async with opened(auth) as cloud:
            await cloud._signer.prepare()
            shown = repr((cloud, cloud.account, cloud._signer, cloud.__dict__))
            assert not any(canary in shown for canary in CANARIES)


async def test_a_client_that_follows_another_keeps_its_token_its_rest_and_its_quota(mock: aioresponses) -> None:
    given = serve_tokens(mock)
    server = serve(mock, GOOD)
    async with opened(PASSWORD, quota=Quota(5, timedelta(seconds=10))) as first:
        for _ in range(5):
            await first.sample(instance())
        changed = replace(first.account, poll_every=timedelta(seconds=1), quota=Quota(10, timedelta(seconds=10)))
        second = Cloud(changed, first._wire._session, first._now, before=first)
        waiting = [asyncio.create_task(one.sample(instance())) for one in (first, second) for _ in range(8)]
        assert all(sample.up for sample in await asyncio.gather(*waiting))
        assert given == ["canary-token-1"]
        for at in server.times:
            assert sum(at - 10 < one <= at for one in server.times) <= 10


async def test_with_another_login_the_rest_ends_and_a_pause_that_was_asked_of_the_account_does_not(
    mock: aioresponses,
) -> None:
    server = serve(mock, REFUSED, REFUSED, THROTTLED, GOOD)
    async with opened(AKSK) as first:
        for _ in range(3):
            assert kind_of(await first.sample(instance())) is FailureKind.AUTH
        assert len(server.times) == 2
        again = Cloud(replace(first.account, labels={}), first._wire._session, first._now, before=first)
        assert kind_of(await again.sample(instance())) is FailureKind.AUTH
        assert len(server.times) == 2, "the same keys rest on"
        second = Cloud(replace(first.account, auth=TEMPORARY), first._wire._session, first._now, before=again)
        assert kind_of(await second.sample(instance())) is FailureKind.THROTTLED
        third = Cloud(replace(first.account, auth=TOKEN), first._wire._session, first._now, before=second)
        assert kind_of(await third.sample(instance())) is FailureKind.THROTTLED
        assert len(server.times) == 3
        await asyncio.sleep(60)
        assert (await third.sample(instance())).up
