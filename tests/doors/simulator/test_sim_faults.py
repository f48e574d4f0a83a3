from __future__ import annotations

import asyncio
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest
from simclient import START, Client, MovableClock, cloud

from monitor.simulator import KINDS, Scenario, Step
from monitor.simulator.faults import Fault
from monitor.simulator.replies import ERRORS

CONNECTION = {"reset": aiohttp.ClientError, "truncated": aiohttp.ClientPayloadError}
SLOW = {"hang", "drip"}
SPOILT: dict[str, Callable[[Any], bool]] = {
    "missing-block": lambda body: "cdc_task_details" not in body,
    "null-block": lambda body: body["cdc_task_details"] is None,
    "missing-count": lambda body: "abnormal_tasks_count" not in body["cdc_task_details"],
    "null-counts": lambda body: body["common_task_details"]["running_tasks_count"] is None,
    "text-counts": lambda body: body["common_task_details"]["running_tasks_count"] == "many",
    "negative-counts": lambda body: body["common_task_details"]["running_tasks_count"] == -1,
    "huge-counts": lambda body: body["common_task_details"]["running_tasks_count"] == 10**30,
    "fraction-counts": lambda body: body["common_task_details"]["running_tasks_count"] == 1.5,
    "true-counts": lambda body: body["common_task_details"]["running_tasks_count"] is True,
    "list": lambda body: body == [],
}
OTHERS = {"429-retry-after", "302", "html", "empty", "clock-skew", "short-list", "token-death"}


def test_every_fault_is_tried_here() -> None:
    assert set(ERRORS) | set(CONNECTION) | SLOW | set(SPOILT) | OTHERS == KINDS


async def spoil(client: Client, kind: str, **more: object) -> None:
    status, _ = await client.send("POST", "/_sim/faults", {"instance": "orders", "kind": kind, **more})
    assert status == 201


@pytest.mark.parametrize("kind", sorted(ERRORS))
async def test_every_documented_error_is_answered_with_its_status_and_shape(kind: str) -> None:
    async with cloud() as client:
        await spoil(client, kind)
        async with client.session.get(client.credentials.url + client.path("orders"), headers=client.token()) as reply:
            text, status, request_id = await reply.text(), reply.status, reply.headers["X-Request-Id"]
        other, *_ = await client.get(client.path("invoices"))
    error = ERRORS[kind]
    assert status == error.status
    assert text == error.body(request_id)[0].decode()
    assert error.text in text
    assert other == 200


async def test_a_429_may_say_how_long_to_wait() -> None:
    async with cloud() as client:
        await spoil(client, "429-retry-after")
        status, _, headers = await client.get(client.path("orders"))
        await spoil(client, "429-retry-after", value=20)
        _, body, longer = await client.get(client.path("orders"))
    assert (status, headers["Retry-After"]) == (429, "1")
    assert (body["error_code"], longer["Retry-After"]) == ("APIGW.0308", "20")


@pytest.mark.parametrize("kind", sorted(SPOILT))
async def test_a_spoilt_body_is_a_200_that_is_not_the_documented_one(kind: str) -> None:
    async with cloud() as client:
        _, good, _ = await client.get(client.path("orders"))
        await spoil(client, kind)
        status, body, _ = await client.get(client.path("orders"))
    assert status == 200
    assert SPOILT[kind](body)
    assert body != good


async def test_a_login_page_an_empty_body_and_a_redirect_are_not_json() -> None:
    async with cloud() as client:
        found = {}
        for kind in ("html", "empty", "302"):
            await spoil(client, kind)
            url = client.credentials.url + client.path("orders")
            async with client.session.get(url, headers=client.token(), allow_redirects=False) as reply:
                found[kind] = (reply.status, await reply.text(), reply.headers.get("Location"))
    assert found["html"][0] == 200
    assert found["html"][1].startswith("<!DOCTYPE html>")
    assert found["empty"][:2] == (200, "")
    assert found["302"][0] == 302
    assert found["302"][2]


@pytest.mark.parametrize("kind", sorted(CONNECTION))
async def test_a_broken_connection_is_broken_on_the_wire(kind: str) -> None:
    async with cloud() as client:
        await spoil(client, kind)
        with pytest.raises(CONNECTION[kind]):
            await client.get(client.path("orders"))


@pytest.mark.parametrize("kind", sorted(SLOW))
async def test_a_slow_answer_does_not_come_in_time_and_does_not_hold_up_the_others_or_the_end(kind: str) -> None:
    async with cloud() as client:
        await spoil(client, kind)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await client.get(client.path("orders"))
        waiting = asyncio.create_task(client.get(client.path("orders")))
        assert (await client.get(client.path("invoices")))[0] == 200
        async with asyncio.timeout(1):
            await client.sim.__aexit__(None, None, None)
            with pytest.raises(aiohttp.ClientError):
                await waiting


async def test_a_drip_delivers_the_whole_body_in_the_end() -> None:
    async with cloud() as client:
        _, good, _ = await client.get(client.path("orders"))
        await spoil(client, "drip", value=0)
        assert (await client.get(client.path("orders")))[1] == good


async def test_a_skewed_clock_shows_in_the_date_and_refuses_signatures_made_by_the_true_time() -> None:
    async with cloud(MovableClock()) as client:
        path = client.path("orders")
        await spoil(client, "clock-skew", value=1800)
        status, _, headers = await client.get(path)
        refused, body, _ = await client.get(path, client.signed(path, at=START))
        ahead = parsedate_to_datetime(headers["Date"]) - START
        mended, *_ = await client.get(path, client.signed(path, at=START + ahead))
    assert status == 200
    assert ahead.total_seconds() == 1800
    assert (refused, body["error_code"]) == (401, "APIGW.0301")
    assert "expired" in body["error_msg"]
    assert mended == 200


async def test_dead_tokens_have_to_be_updated_and_new_ones_work() -> None:
    clock = MovableClock()
    async with cloud(clock) as client:
        old = client.token()
        clock.forward(seconds=1)
        await client.send("POST", "/_sim/faults", {"kind": "token-death"})
        status, body, _ = await client.get(client.path("orders"), old)
        fresh, *_ = await client.get(client.path("orders"), client.token())
        await client.send("DELETE", "/_sim/faults")
        still, *_ = await client.get(client.path("orders"), old)
    assert (status, body["error_code"]) == (401, "APIGW.0307")
    assert fresh == 200
    assert still == 401


async def test_a_fault_ends_by_itself_and_the_last_one_set_wins() -> None:
    clock = MovableClock()
    async with cloud(clock) as client:
        await spoil(client, "500")
        await spoil(client, "503", **{"for": "10s"})
        first, *_ = await client.get(client.path("orders"))
        clock.forward(seconds=10)
        second, *_ = await client.get(client.path("orders"))
        _, listed = await client.send("GET", "/_sim/faults")
        await client.send("DELETE", "/_sim/faults")
        third, *_ = await client.get(client.path("orders"))
    assert [first, second, third] == [503, 500, 200]
    assert [fault["kind"] for fault in listed["faults"]] == ["500"]


async def test_a_fault_for_everyone_hits_every_call_of_fdi_but_not_iam() -> None:
    async with cloud() as client:
        client.sim.cloud.add_fault({"instance": "*", "kind": "503"})
        paths = [client.path("orders"), client.path("invoices", "task-monitors")]
        paths.append(f"/v2/{client.credentials.project_id}/instances")
        assert [(await client.get(path))[0] for path in paths] == [503] * 3
        assert (await client.get("/v3/projects"))[0] == 200
        client.sim.cloud.add_fault({"instance": "iam", "kind": "500"})
        assert (await client.get("/v3/projects"))[0] == 500
        assert (await client.send("POST", "/v3/auth/tokens", client.login()))[0] == 500


async def test_a_fault_of_the_instance_list_leaves_the_instances_alone() -> None:
    async with cloud() as client:
        client.sim.cloud.add_fault({"instance": "instances", "kind": "403"})
        assert (await client.get(f"/v2/{client.credentials.project_id}/instances"))[0] == 403
        assert (await client.get(client.path("orders")))[0] == 200


async def test_a_short_list_counts_instances_that_it_does_not_name_and_leaves_all_else_alone() -> None:
    async with cloud(instances=5) as client:
        base = f"/v2/{client.credentials.project_id}/instances"
        client.sim.cloud.add_fault({"kind": "short-list"})
        pages = [(await client.get(f"{base}?offset={offset}&limit=3"))[1] for offset in (0, 3, 6)]
        status, *_ = await client.get(client.path("orders"))
        client.sim.cloud.add_fault({"instance": "instances", "kind": "short-list", "value": 9})
        _, nobody, _ = await client.get(base)
    assert [(page["total"], len(page["instances"])) for page in pages] == [(5, 3), (5, 1), (5, 0)]
    assert (nobody["total"], nobody["instances"]) == (5, [])
    assert status == 200


@pytest.mark.parametrize(("call", "hit"), [("statistics", "statistics/tasks"), ("task-monitors", "task-monitors")])
async def test_a_fault_of_a_kind_of_call_hits_it_for_every_instance_and_no_other_call(call: str, hit: str) -> None:
    async with cloud() as client:
        client.sim.cloud.add_fault({"instance": call, "kind": "503"})
        calls = [client.path(name, path) for path in ("statistics/tasks", "task-monitors") for name in client.ids]
        calls.append(f"/v2/{client.credentials.project_id}/instances")
        assert {path for path in calls if (await client.get(path))[0] == 503} == {
            client.path(name, hit) for name in client.ids
        }


async def test_a_fault_of_iam_is_counted_among_the_refusals() -> None:
    async with cloud() as client:
        client.sim.cloud.add_fault({"instance": "iam", "kind": "503"})
        await client.send("POST", "/v3/auth/tokens", client.login())
        await client.get("/v3/projects")
        assert client.sim.cloud.stats()["refused"] == {"fault 503": 2}


async def test_a_rate_hits_only_that_share_of_the_requests() -> None:
    async with cloud() as client:
        await spoil(client, "503", rate=0.3)
        statuses = [(await client.get(client.path("orders")))[0] for _ in range(60)]
    assert 6 <= statuses.count(503) <= 30
    assert statuses.count(200) == 60 - statuses.count(503)


async def test_a_fault_of_the_scenario_lasts_as_long_as_its_step() -> None:
    clock = MovableClock()
    scenario = Scenario([Step(5, "orders", 10, fault=Fault("503"))])
    async with cloud(clock, scenario=scenario) as client:
        statuses = []
        for _ in range(3):
            statuses.append((await client.get(client.path("orders")))[0])
            clock.forward(seconds=5)
        figures = client.sim.cloud.stats()["refused"]
    assert statuses == [200, 503, 200]
    assert figures == {"fault 503": 1}
