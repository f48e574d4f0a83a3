"""Temporary keys of the cloud server we run on: IMDSv1 and IMDSv2, renewed whole, never mixed. Virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aioresponses import CallbackResult, aioresponses
from fdi_kit import CANARIES, IAM, PROJECT, START, gateway_error, instance
from fdi_mock import GOOD, REFUSED, kind_of, opened, serve

from monitor.fdi.account import Agency
from monitor.fdi.agency import LIMIT, METADATA, TOKEN_LIFE
from monitor.fdi.cloud import Cloud
from monitor.fdi.gate import REST
from monitor.model import FailureKind

pytestmark = pytest.mark.looptime

TOKEN_URL = f"{METADATA}/meta-data/latest/api/token"
KEYS_URL = f"{METADATA}/openstack/latest/securitykey"
NO_AGENCY = CallbackResult(status=401, body="Please configure Cloud Service Agency first")
ASK_AGAIN = CallbackResult(status=401, body="Unauthorized")
DAY = 86_400.0


class Metadata:
    """A metadata service that gives canary-imds-1, -2, ... and keys 1, 2, ...; `token` and `keys` answer instead.

    `tokens` are the lives that were asked for, `fetches` the tokens shown for keys, empty for none.
    """

    def __init__(self, mock: aioresponses, *, life: float = DAY, takes: float = 0.1) -> None:
        self.life = life
        self.takes = takes
        self.token: CallbackResult | Exception | None = None
        self.keys: list[CallbackResult | Exception] = []
        self.tokens: list[str] = []
        self.fetches: list[str] = []
        mock.put(TOKEN_URL, callback=self._put, repeat=True)
        mock.get(KEYS_URL, callback=self._get, repeat=True)

    async def _put(self, _url: object, **request: Any) -> CallbackResult:
        self.tokens.append(request["headers"]["X-Metadata-Token-Ttl-Seconds"])
        await asyncio.sleep(self.takes)
        return _said(self.token or CallbackResult(body=f"canary-imds-{len(self.tokens)}"))

    async def _get(self, _url: object, **request: Any) -> CallbackResult:
        self.fetches.append(request["headers"].get("X-Metadata-Token", ""))
        number = len(self.fetches)
        await asyncio.sleep(self.takes)
        return _said(self.keys.pop(0) if self.keys else CallbackResult(payload=keys(number, self.life)))


def _said(answer: CallbackResult | Exception) -> CallbackResult:
    if isinstance(answer, Exception):
        raise answer
    return answer


def present() -> datetime:
    """The wall clock of the client."""
    return START + timedelta(seconds=asyncio.get_running_loop().time())


def keys(number: int, life: float = DAY, **changes: Any) -> dict[str, Any]:
    ends = present() + timedelta(seconds=life)
    credential = {
        "access": f"AK{number}",
        "secret": f"canary-secret-{number}",
        "securitytoken": f"canary-security-token-{number}",
        "expires_at": f"{ends:%Y-%m-%dT%H:%M:%S.%fZ}",
    }
    return {"credential": {**credential, **changes}}


@pytest.fixture
def mock() -> Iterator[aioresponses]:
    with aioresponses() as made:
        yield made


def signed_with(headers: dict[str, str]) -> tuple[str, str]:
    """The access key and the security token of a request."""
    return headers["Authorization"].split("Access=")[1].split(",")[0], headers["X-Security-Token"]


async def test_the_keys_sign_each_request_together_with_their_token(mock: aioresponses) -> None:
    metadata, server = Metadata(mock), serve(mock, GOOD)
    async with opened(Agency()) as cloud:
        assert all([(await cloud.sample(instance())).up for _ in range(3)])
        assert cloud.requests == 3
    assert metadata.tokens == [str(TOKEN_LIFE)]
    assert metadata.fetches == ["canary-imds-1"]
    assert {signed_with(headers) for headers in server.headers} == {("AK1", "canary-security-token-1")}
    assert server.headers[0]["X-Project-Id"] == PROJECT
    assert "x-security-token" in server.headers[0]["Authorization"]


async def test_however_many_polls_wait_the_keys_are_fetched_once(mock: aioresponses) -> None:
    metadata = Metadata(mock)
    serve(mock, GOOD)
    async with opened(Agency()) as cloud:
        samples = await asyncio.gather(*(cloud.sample(instance()) for _ in range(40)))
    assert all(sample.up for sample in samples)
    assert (len(metadata.tokens), len(metadata.fetches)) == (1, 1)


@pytest.mark.parametrize("status", [404, 405, 503])
async def test_a_service_without_tokens_is_asked_without_one(mock: aioresponses, status: int) -> None:
    metadata, server = Metadata(mock), serve(mock, GOOD)
    metadata.token = CallbackResult(status=status, body="no such thing")
    async with opened(Agency()) as cloud:
        assert (await cloud.sample(instance())).up
    assert metadata.fetches == [""]
    assert signed_with(server.headers[0]) == ("AK1", "canary-security-token-1")


async def test_a_token_that_the_service_does_not_take_is_replaced_once(mock: aioresponses) -> None:
    metadata = Metadata(mock)
    metadata.keys = [ASK_AGAIN]
    serve(mock, GOOD)
    async with opened(Agency()) as cloud:
        assert (await cloud.sample(instance())).up
    assert metadata.fetches == ["canary-imds-1", "canary-imds-2"]


async def test_the_project_is_looked_up_with_the_keys(mock: aioresponses) -> None:
    Metadata(mock)
    projects = serve(
        mock,
        CallbackResult(payload={"projects": [{"id": PROJECT, "name": "cn-north-4"}]}),
        url=f"{IAM}/v3/projects?name=cn-north-4",
    )
    server = serve(mock, GOOD)
    async with opened(Agency(), project="") as cloud:
        assert (await cloud.sample(instance())).up
    assert "X-Project-Id" not in projects.headers[0]
    assert server.headers[0]["X-Project-Id"] == PROJECT


async def test_the_end_of_the_keys_is_told(mock: aioresponses) -> None:
    Metadata(mock, life=7200, takes=0)
    serve(mock, GOOD)
    async with opened(Agency()) as cloud:
        assert cloud.expires_at is None
        before = present()
        await cloud.sample(instance())
        assert cloud.expires_at == pytest.approx(before + timedelta(hours=2), abs=timedelta(milliseconds=1))


async def test_keys_are_renewed_before_they_end_while_polls_go_on_with_the_old_ones(mock: aioresponses) -> None:
    metadata, server = Metadata(mock), serve(mock, GOOD, takes=0)
    async with opened(Agency()) as cloud:
        await cloud.sample(instance())
        await asyncio.sleep(0.97 * DAY)
        first = asyncio.create_task(cloud.sample(instance()))
        await asyncio.sleep(0.05)
        assert (await cloud.sample(instance())).up
        assert len(metadata.fetches) == 1, "the token is still on its way"
        assert (await first).up
    assert [signed_with(headers)[0] for headers in server.headers] == ["AK1", "AK1", "AK2"]


async def test_keys_and_token_of_two_fetches_never_meet(mock: aioresponses) -> None:
    metadata, server = Metadata(mock, life=60, takes=0.3), serve(mock, GOOD, takes=0.01)
    async with opened(Agency()) as cloud:
        for _ in range(300):
            await asyncio.gather(*(cloud.sample(instance()) for _ in range(3)))
            await asyncio.sleep(0.5)
    seen = {signed_with(headers) for headers in server.headers}
    assert seen == {(f"AK{n}", f"canary-security-token-{n}") for n in range(1, len(metadata.fetches) + 1)}
    assert len(seen) >= 4


@pytest.mark.parametrize("broken", [CallbackResult(status=500), NO_AGENCY, aiohttp.ServerDisconnectedError()])
async def test_the_old_keys_serve_while_their_renewal_fails(
    mock: aioresponses, broken: CallbackResult | Exception
) -> None:
    metadata, server = Metadata(mock), serve(mock, GOOD)
    async with opened(Agency()) as cloud:
        await cloud.sample(instance())
        await asyncio.sleep(0.97 * DAY)
        metadata.keys = [broken]
        assert (await cloud.sample(instance())).up
        assert (await cloud.sample(instance())).up
        assert len(metadata.fetches) == 2
        await asyncio.sleep(301)
        assert (await cloud.sample(instance())).up
    assert [signed_with(headers)[0] for headers in server.headers] == ["AK1", "AK1", "AK1", "AK3"]


async def test_keys_that_are_refused_are_fetched_anew_and_the_poll_succeeds(mock: aioresponses) -> None:
    Metadata(mock)
    server = serve(mock, GOOD, REFUSED, GOOD)
    async with opened(Agency()) as cloud:
        assert (await cloud.sample(instance())).up
        assert (await cloud.sample(instance())).up
    assert [signed_with(headers)[0] for headers in server.headers] == ["AK1", "AK1", "AK2"]


async def test_new_keys_that_are_refused_too_let_the_account_rest(mock: aioresponses) -> None:
    metadata, server = Metadata(mock), serve(mock, REFUSED)
    async with opened(Agency()) as cloud:
        for _ in range(10):
            assert kind_of(await cloud.sample(instance())) is FailureKind.AUTH
            await asyncio.sleep(20)
    assert (len(metadata.fetches), len(server.times)) == (2, 2)


async def test_no_agency_is_said_with_what_to_do_and_not_asked_again_soon(mock: aioresponses) -> None:
    metadata, server = Metadata(mock), serve(mock, GOOD)
    metadata.keys = [NO_AGENCY]
    async with opened(Agency()) as cloud:
        samples = [await cloud.sample(instance()) for _ in range(3)]
        assert {kind_of(sample) for sample in samples} == {FailureKind.AUTH}
        assert samples[0].failure is not None
        assert samples[0].failure.reason == (
            "the metadata service says that this cloud server has no agency: give the cloud server we run on an agency"
            " with ROMA ReadOnlyAccess (in the ECS console), or write other credentials into account prod; and check"
            " this machine's clock; resting until 10:05:00 UTC"
        )
        assert (len(metadata.fetches), server.times) == (1, [])
        await asyncio.sleep(REST + 1)
        assert (await cloud.sample(instance())).up


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (CallbackResult(status=404, body="<h1>Not Found</h1>"), FailureKind.AUTH, "gave no keys (404: <h1>Not"),
        (CallbackResult(status=403), FailureKind.AUTH, "gave no keys (403)"),
        (CallbackResult(status=429), FailureKind.UNREACHABLE, "gave no keys (429)"),
        (CallbackResult(status=500, body="oops"), FailureKind.UNREACHABLE, "gave no keys (500: oops)"),
        (CallbackResult(status=302), FailureKind.GARBAGE, "gave no keys (302)"),
        (CallbackResult(body="<html>"), FailureKind.GARBAGE, "web page"),
        (CallbackResult(body="{}"), FailureKind.GARBAGE, "credential"),
        (CallbackResult(payload={"credential": None}), FailureKind.GARBAGE, "credential"),
        (aiohttp.ClientPayloadError("cut"), FailureKind.GARBAGE, "broke off"),
        (OSError("no route"), FailureKind.UNREACHABLE, "no route: an agency is for a Huawei Cloud server"),
    ],
)
async def test_an_answer_without_keys_is_sorted(
    mock: aioresponses, answer: CallbackResult | Exception, kind: FailureKind, says: str
) -> None:
    metadata, server = Metadata(mock), serve(mock, GOOD)
    metadata.keys = [answer]
    async with opened(Agency()) as cloud:
        sample = await cloud.sample(instance())
    assert kind_of(sample) is kind
    assert sample.failure is not None
    assert says in sample.failure.reason
    assert server.times == []


@pytest.mark.parametrize(
    "changes",
    [
        {"access": ""},
        {"access": "AK\r\nX-Evil: 1"},
        {"secret": None},
        {"securitytoken": "canary tökèn"},
        {"expires_at": "soon"},
        {"expires_at": 1_800_000_000},
        {"expires_at": "2026-01-06T10:00:00"},
        {"expires_at": "2026-01-05T09:59:00.000000Z"},
    ],
)
async def test_keys_that_are_not_as_documented_are_never_used(mock: aioresponses, changes: dict[str, Any]) -> None:
    metadata, server = Metadata(mock), serve(mock, GOOD)
    async with opened(Agency()) as cloud:
        metadata.keys = [CallbackResult(payload=keys(1, **changes))]
        assert kind_of(await cloud.sample(instance())) is FailureKind.GARBAGE
    assert server.times == []


async def test_keys_that_have_ended_make_one_look_at_the_clock(mock: aioresponses) -> None:
    metadata = Metadata(mock)
    async with opened(Agency()) as cloud:
        metadata.keys = [CallbackResult(payload=keys(1, expires_at="2026-01-05T17:00:00+08:00"))]
        sample = await cloud.sample(instance())
    assert sample.failure is not None
    assert "gave keys that ended at 2026-01-05 09:00:00 UTC: is this machine's clock right?" in sample.failure.reason


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        (CallbackResult(status=403), FailureKind.AUTH),
        (CallbackResult(status=500), FailureKind.UNREACHABLE),
        (CallbackResult(body=""), FailureKind.GARBAGE),
        (CallbackResult(body="<html> </html>"), FailureKind.GARBAGE),
    ],
)
async def test_a_token_that_cannot_be_had_ends_it(mock: aioresponses, token: CallbackResult, kind: FailureKind) -> None:
    metadata = Metadata(mock)
    metadata.token = token
    async with opened(Agency()) as cloud:
        assert kind_of(await cloud.sample(instance())) is kind
    assert metadata.fetches == []


async def test_a_service_that_wants_a_token_and_gives_none_refuses_us(mock: aioresponses) -> None:
    metadata = Metadata(mock)
    metadata.token, metadata.keys = CallbackResult(status=404), [ASK_AGAIN]
    async with opened(Agency()) as cloud:
        sample = await cloud.sample(instance())
    assert kind_of(sample) is FailureKind.AUTH
    assert sample.failure is not None
    assert "gave no token (404)" in sample.failure.reason
    assert len(metadata.tokens) == 2


async def test_a_machine_without_metadata_service_is_told_so_after_three_seconds(mock: aioresponses) -> None:
    metadata = Metadata(mock, takes=1000)
    loop = asyncio.get_running_loop()
    async with opened(Agency()) as cloud:
        start = loop.time()
        sample = await cloud.sample(instance())
        assert loop.time() - start == pytest.approx(LIMIT)
        await cloud.sample(instance())
    assert kind_of(sample) is FailureKind.TIMEOUT
    assert sample.failure is not None
    assert sample.failure.reason.startswith("no answer of the metadata service within 3 s: an agency is for")
    assert len(metadata.tokens) == 1


async def test_no_key_or_token_shows_in_a_reason_or_a_repr(mock: aioresponses) -> None:
    metadata = Metadata(mock)
    echo = "canary-secret-1 canary-security-token-1"
    serve(mock, CallbackResult(status=403, payload=gateway_error("APIGW.0302", echo)))
    async with opened(Agency()) as cloud:
        assert kind_of(await cloud.sample(instance())) is FailureKind.REFUSED
        cloud._signer.refused({"X-Security-Token": "canary-security-token-1"})
        metadata.keys = [CallbackResult(status=404, body="what is canary-imds-2?")]
        assert kind_of(await cloud.sample(instance())) is FailureKind.AUTH
        assert not any(canary in repr((cloud, cloud.__dict__, cloud._signer)) for canary in CANARIES)


async def test_a_security_token_replaced_meanwhile_is_blotted_out_too(mock: aioresponses) -> None:
    Metadata(mock)
    echo = CallbackResult(status=403, payload=gateway_error("APIGW.0302", "not for canary-security-token-1"))
    serve(mock, GOOD, echo, takes=1)
    async with opened(Agency()) as cloud:
        await cloud.sample(instance())
        late = asyncio.create_task(cloud.sample(instance()))
        await asyncio.sleep(0.5)
        await renewed(cloud)
        assert kind_of(await late) is FailureKind.REFUSED


async def renewed(cloud: Cloud) -> None:
    """The keys were refused to somebody, and new ones are there."""
    cloud._signer.refused({"X-Security-Token": "canary-security-token-1"})
    await cloud._signer.prepare()


def test_the_metadata_service_has_one_address() -> None:
    assert METADATA == "http://169.254.169.254"
