"""The client of one account, request by request, with the cloud's answers put in its way. Virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aioresponses import CallbackResult, aioresponses
from fdi_kit import (
    AKSK,
    BASE,
    IAM,
    PASSWORD,
    PROJECT,
    START,
    TOKEN,
    TOKEN_TEXT,
    gateway_error,
    instance,
    statistics_body,
)
from fdi_mock import GOOD, kind_of, opened, serve, serve_tokens

from monitor.errors import Refused, Throttled, Unreachable
from monitor.fdi.account import Credentials, Discover, Quota
from monitor.model import Counts, FailureKind

pytestmark = pytest.mark.looptime

INSTANCES = f"{BASE}/v2/{PROJECT}/instances?limit=100&offset={{}}&status=RUNNING"


@pytest.fixture
def mock() -> Iterator[aioresponses]:
    with aioresponses() as made:
        yield made


async def test_a_good_answer_is_a_sample_with_its_time_and_latency(mock: aioresponses) -> None:
    server = serve(mock, GOOD)
    async with opened() as cloud:
        sample = await cloud.sample(instance())
    assert (sample.common, sample.cdc, sample.failure) == (Counts(7, 1, 2, 30), Counts(3, 0, 0, 4), None)
    assert sample.at == START + timedelta(seconds=0.05)
    assert sample.latency == timedelta(seconds=0.05)
    assert server.headers[0]["X-Auth-Token"] == TOKEN_TEXT
    assert cloud.requests == 1


async def test_the_wait_for_the_quota_is_no_latency(mock: aioresponses) -> None:
    server = serve(mock, GOOD)
    async with opened(quota=Quota(1, timedelta(seconds=1))) as cloud:
        samples = await asyncio.gather(*(cloud.sample(instance()) for _ in range(4)))
    assert [sample.latency for sample in samples] == [timedelta(seconds=0.05)] * 4
    assert [round(at - server.times[0], 2) for at in server.times] == [0, 1.02, 2.04, 3.06]


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (CallbackResult(status=302, headers={"Location": "https://login.test/"}), FailureKind.GARBAGE, "login.test"),
        (CallbackResult(body="<html>"), FailureKind.GARBAGE, "web page"),
        (CallbackResult(body=""), FailureKind.GARBAGE, "empty"),
        (CallbackResult(payload=statistics_body(cdc={})), FailureKind.GARBAGE, "cdc_task_details"),
        (CallbackResult(status=403, payload=gateway_error("APIGW.0302", "no")), FailureKind.REFUSED, "ReadOnly"),
        (CallbackResult(status=404, payload=gateway_error("APIG.3030", "no")), FailureKind.REFUSED, "no such instance"),
        (CallbackResult(status=500, payload=gateway_error("FDI.9999", "no")), FailureKind.UNREACHABLE, "FDI.9999"),
        (CallbackResult(status=503, body="<html>"), FailureKind.UNREACHABLE, "503"),
        (CallbackResult(status=400, payload=gateway_error("ROMA.1002", "no")), FailureKind.AUTH, "fresh token"),
        (CallbackResult(status=429), FailureKind.THROTTLED, "429"),
        (aiohttp.ClientPayloadError("cut"), FailureKind.GARBAGE, "broke off"),
        (OSError("no route"), FailureKind.UNREACHABLE, "no route"),
        (aiohttp.ConnectionTimeoutError(), FailureKind.TIMEOUT, "no connection"),
    ],
)
async def test_a_failed_poll_is_a_sample_that_says_why(
    mock: aioresponses, answer: CallbackResult | Exception, kind: FailureKind, says: str
) -> None:
    serve(mock, answer)
    async with opened() as cloud:
        sample = await cloud.sample(instance())
    assert kind_of(sample) is kind
    assert sample.failure is not None
    assert says in sample.failure.reason
    assert sample.latency == timedelta(seconds=0.05)


async def test_a_lost_connection_is_worth_one_more_request_that_the_quota_counts(mock: aioresponses) -> None:
    server = serve(mock, aiohttp.ServerDisconnectedError())
    async with opened(quota=Quota(1, timedelta(seconds=1))) as cloud:
        sample = await cloud.sample(instance())
        assert cloud.requests == 2
    assert kind_of(sample) is FailureKind.UNREACHABLE
    assert sample.failure is not None
    assert "cannot reach roma.test" in sample.failure.reason
    assert server.times[1] - server.times[0] >= 1


async def test_a_poll_ends_at_the_time_out_of_the_account(mock: aioresponses) -> None:
    serve(mock, GOOD, takes=60)
    async with opened(timeout=7) as cloud:
        sample = await cloud.sample(instance())
    assert kind_of(sample) is FailureKind.TIMEOUT
    assert (sample.latency, sample.at) == (timedelta(seconds=7), START + timedelta(seconds=7))
    assert sample.failure is not None
    assert sample.failure.reason == "no whole answer within 7 s"


async def test_cancelled_polls_are_cancelled_and_the_next_one_goes_through(mock: aioresponses) -> None:
    serve(mock, GOOD, takes=5)
    async with opened() as cloud:
        for _ in range(3):
            task = asyncio.create_task(cloud.sample(instance()))
            await asyncio.sleep(0.5)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert (await cloud.sample(instance())).up


async def test_a_bug_is_not_turned_into_a_sample(mock: aioresponses) -> None:
    serve(mock, ZeroDivisionError())
    async with opened() as cloud:
        with pytest.raises(ZeroDivisionError):
            await cloud.sample(instance())


async def test_a_throttled_account_pauses_everything_for_as_long_as_it_was_told(mock: aioresponses) -> None:
    limited = CallbackResult(status=429, payload=gateway_error("APIGW.0308", "over ratelimit,limit:9,time:1 minute"))
    server = serve(mock, GOOD, limited, GOOD)
    async with opened() as cloud:
        await cloud.sample(instance())
        assert kind_of(await cloud.sample(instance())) is FailureKind.THROTTLED
        paused = await cloud.sample(instance())
        with pytest.raises(Throttled):
            await cloud.instances()
        assert kind_of(paused) is FailureKind.THROTTLED
        assert paused.failure is not None
        assert "; paused until 10:01:00 UTC" in paused.failure.reason
        assert (len(server.times), cloud.throttled) == (2, 1)
        await asyncio.sleep(60)
        assert (await cloud.sample(instance())).up


async def test_polls_that_stood_in_line_when_a_short_pause_began_wait_for_its_end(mock: aioresponses) -> None:
    limited = CallbackResult(status=429, headers={"Retry-After": "4"})
    server = serve(mock, GOOD, limited, GOOD, takes=0.01)
    async with opened(quota=Quota(10, timedelta(seconds=1))) as cloud:
        await cloud.sample(instance())
        samples = await asyncio.gather(*(cloud.sample(instance()) for _ in range(6)))
    assert [sample.up for sample in samples] == [False, True, True, True, True, True]
    assert server.times[2] - server.times[1] >= 4


def page(total: int, *numbers: int) -> dict[str, Any]:
    rows = [{"id": f"id-{n}", "name": f"n{n}", "status": "RUNNING" if n % 5 else "FROZEN"} for n in numbers]
    return {"total": total, "size": len(rows), "instances": rows}


async def test_all_pages_of_instances_are_read_and_filtered(mock: aioresponses) -> None:
    mock.get(INSTANCES.format(0), payload=page(7, 1, 2, 3))
    mock.get(INSTANCES.format(3), payload=page(7, 4, 5, 6))
    mock.get(INSTANCES.format(6), payload=page(7, 7))
    async with opened(discover=Discover(timedelta(minutes=1), exclude=("n2",))) as cloud:
        found = await cloud.instances()
    assert [one.name for one in found] == ["n1", "n3", "n4", "n6", "n7"]
    assert {(one.account, one.project_id, one.labels["env"]) for one in found} == {("prod", PROJECT, "prod")}
    assert cloud.requests == 3


async def test_a_list_cut_short_is_an_error_and_no_shorter_list(mock: aioresponses) -> None:
    mock.get(INSTANCES.format(0), payload=page(7, 1, 2, 3))
    mock.get(INSTANCES.format(3), payload=page(7))
    async with opened() as cloud:
        with pytest.raises(Unreachable, match="3 of 7"):
            await cloud.instances()


@pytest.mark.parametrize("auth", [AKSK, TOKEN])
async def test_the_project_is_looked_up_by_region_once(mock: aioresponses, auth: Credentials) -> None:
    projects = [{"id": PROJECT, "name": "cn-north-4"}, {"id": "other", "name": "cn-north-4_sub"}]
    mock.get(f"{IAM}/v3/projects?name=cn-north-4", payload={"projects": projects, "links": {}})
    server = serve(mock, GOOD)
    async with opened(auth, project="") as cloud:
        samples = await asyncio.gather(*(cloud.sample(instance()) for _ in range(3)))
        assert await cloud.project_id() == PROJECT
    assert all(sample.up for sample in samples)
    assert cloud.requests == 4
    assert (server.headers[0].get("X-Project-Id") == PROJECT) is (auth is AKSK)


@pytest.mark.parametrize("names", [[], ["cn-north-4", "cn-north-4"], ["cn-south-1"]])
async def test_no_or_several_projects_for_a_region_are_told(mock: aioresponses, names: list[str]) -> None:
    projects = [{"id": f"p{number}", "name": name} for number, name in enumerate(names)]
    mock.get(f"{IAM}/v3/projects?name=cn-north-4", payload={"projects": projects}, repeat=True)
    async with opened(AKSK, project="") as cloud:
        with pytest.raises(Refused, match="write project_id into the account"):
            await cloud.project_id()
        assert kind_of(await cloud.sample(instance())) is FailureKind.REFUSED


async def test_with_a_password_the_token_says_which_project(mock: aioresponses) -> None:
    serve_tokens(mock)
    async with opened(PASSWORD, project="") as cloud:
        assert await cloud.project_id() == PROJECT
    assert cloud.requests == 0


async def test_an_instance_with_its_own_project_is_asked_there(mock: aioresponses) -> None:
    server = serve(mock, GOOD, url=f"{BASE}/v2/p2/fdi/instances/i2/statistics/tasks")
    async with opened() as cloud:
        assert (await cloud.sample(instance("i2", project="p2"))).up
    assert len(server.times) == 1
