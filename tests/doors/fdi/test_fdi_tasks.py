"""The names of broken tasks: read strictly, asked for once, from the simulated cloud over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aioresponses import CallbackResult, aioresponses
from fdi_kit import AKSK, BASE, CANARIES, INSTANCE_ID, PROJECT, account, gateway_error, instance
from fdi_mock import GOOD, REFUSED, opened, serve
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from monitor.clock import now
from monitor.errors import AuthFailed, Refused, Throttled, Unreachable
from monitor.fdi.account import Account, Aksk, Credentials, Password, Quota
from monitor.fdi.answers import Answer, Garbage, TimedOut
from monitor.fdi.cloud import Cloud
from monitor.fdi.tasks import MAX_NAME, BrokenTasks, broken_tasks
from monitor.fdi.wire import make_session
from monitor.model import Instance
from monitor.simulator import Scenario, Simulator, SimulatorOptions

NAMES_URL = f"{BASE}/v2/{PROJECT}/fdi/instances/{INSTANCE_ID}/task-monitors?execute_status=ERROR&limit=999&offset=1"


def entity(task_id: str, name: object = "sync", *, cdc: bool = False, status: str = "ERROR") -> dict[str, Any]:
    return {"task_id": task_id, "task_name": name, "execute_status": status, "ext_type": "CDC" if cdc else None}


def page(*entities: object, total: object = None) -> dict[str, Any]:
    return {"total": len(entities) if total is None else total, "size": len(entities), "entities": list(entities)}


def read(body: object) -> BrokenTasks:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return broken_tasks(Answer(200, {"X-Request-Id": "r-7"}, raw))


def test_tasks_are_told_apart_by_kind_and_keep_the_order_of_the_cloud() -> None:
    found = read(page(entity("1", "订单同步"), entity("2", "binlog", cdc=True), entity("3", "sync-orders")))
    assert found == BrokenTasks(common=("订单同步", "sync-orders"), cdc=("binlog",))
    assert found.named({"cdc"}) == ("binlog",)
    assert found.named({"common", "cdc"}) == ("订单同步", "sync-orders", "binlog")
    assert found.named(()) == ()


def test_a_task_that_comes_twice_counts_once() -> None:
    found = read(page(entity("1", "a"), entity("1", "a"), entity("2", "a"), total=3))
    assert (found.common, found.unseen) == (("a", "a"), 0)


def test_tasks_beyond_the_page_are_counted() -> None:
    assert read(page(entity("1", "a"), total=1200)) == BrokenTasks(common=("a",), unseen=1199)


def test_a_list_that_was_not_filtered_names_only_broken_tasks_and_counts_none() -> None:
    found = read(page(entity("1", "well", status="SUCCESS"), entity("2", "ill"), total=500))
    assert found == BrokenTasks(common=("ill",))


def test_the_kind_may_be_left_out() -> None:
    task = entity("1", "a")
    del task["ext_type"]
    assert read(page(task)).common == ("a",)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("two\nlines\tand\x1b[31m", "two lines and\ufffd[31m"),
        ("\u202eevil", "\ufffdevil"),
        ("n" * 500, "n" * (MAX_NAME - 1) + "…"),
        ("", "id-1"),
        (" \n ", "id-1"),
    ],
)
def test_names_are_made_fit_for_one_line(name: str, shown: str) -> None:
    assert read(page(entity("id-1", name))).common == (shown,)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "the body is empty"),
        (b"<html>", "web page"),
        (b"[]", "the whole answer"),
        ({"size": 0, "entities": []}, "total: Field required"),
        (page(total=-1), "total"),
        (page(total="3"), "total"),
        ({"total": 0, "entities": None}, "entities"),
        (page("sync"), "entities.0"),
        (page(entity("")), "entities.0.task_id"),
        (page({**entity("1"), "task_id": 7}), "entities.0.task_id"),
        (page(entity("1", None)), "entities.0.task_name"),
        (page(entity("1"), {"task_id": "2", "task_name": "b"}), "entities.1.execute_status"),
        (page({**entity("1"), "ext_type": 1}), "entities.0.ext_type"),
    ],
)
def test_anything_else_is_garbage(body: object, says: str) -> None:
    with pytest.raises(Garbage) as caught:
        read(body)
    assert says in caught.value.reason
    assert caught.value.request_id == "r-7"


@given(st.text())
def test_whatever_a_task_is_called_its_name_can_be_shown(name: str) -> None:
    [shown] = read(page(entity("id-1", name))).common
    assert 0 < len(shown) <= MAX_NAME
    assert shown.isprintable()


# --- the client, with the cloud's answers put in its way, in virtual time


@pytest.fixture
def mock() -> Iterator[aioresponses]:
    with aioresponses() as made:
        yield made


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (CallbackResult(status=403, payload=gateway_error("APIGW.0302", "no")), Refused),
        (CallbackResult(status=404, payload=gateway_error("APIG.3030", "no")), Refused),
        (CallbackResult(status=503), Unreachable),
        (CallbackResult(status=429), Throttled),
        (CallbackResult(body="<html>"), Garbage),
        (OSError("no route"), Unreachable),
    ],
)
async def test_what_goes_wrong_is_a_sorted_error(
    mock: aioresponses, answer: CallbackResult | Exception, error: type[Exception]
) -> None:
    serve(mock, answer, url=NAMES_URL)
    async with opened() as cloud:
        with pytest.raises(error):
            await cloud.broken_tasks(instance())


@pytest.mark.looptime
async def test_a_slow_answer_ends_at_the_time_out_of_the_account(mock: aioresponses) -> None:
    serve(mock, GOOD, takes=60, url=NAMES_URL)
    async with opened(timeout=4) as cloud:
        with pytest.raises(TimedOut, match="no whole answer within 4 s"):
            await cloud.broken_tasks(instance())
        assert asyncio.get_running_loop().time() == pytest.approx(4, abs=0.01)


@pytest.mark.looptime
async def test_names_that_are_refused_are_asked_for_once_and_polls_go_on(mock: aioresponses) -> None:
    polls, names = serve(mock, GOOD), serve(mock, REFUSED, url=NAMES_URL)
    async with opened(AKSK) as cloud:
        assert (await cloud.sample(instance())).up
        with pytest.raises(AuthFailed) as caught:
            await cloud.broken_tasks(instance())
        assert (await cloud.sample(instance())).up
    assert not any(canary in caught.value.reason for canary in CANARIES)
    assert (len(polls.times), len(names.times)) == (2, 1)


@pytest.mark.looptime
async def test_names_and_polls_share_one_quota(mock: aioresponses) -> None:
    polls = serve(mock, GOOD)
    names = serve(mock, CallbackResult(payload=page()), url=NAMES_URL)
    async with opened(quota=Quota(1, timedelta(seconds=1))) as cloud:
        await asyncio.gather(*(work(instance()) for work in (cloud.sample, cloud.broken_tasks, cloud.sample)))
    left = sorted(polls.times + names.times)
    assert [round(at - left[0], 2) for at in left] == [0, 1.02, 2.04]


# --- the client and the simulated cloud, over real sockets


@asynccontextmanager
async def simulated(auth: str = "aksk") -> AsyncIterator[tuple[Simulator, Cloud, Instance]]:
    async with Simulator(SimulatorOptions(instances=1, scenario=Scenario())) as sim, make_session() as session:
        [machine] = sim.cloud.machines()
        yield sim, Cloud(_account(sim, auth), session, now), Instance("prod", machine.id, machine.name)


def _account(sim: Simulator, auth: str) -> Account:
    known = sim.credentials
    credentials: Credentials = Aksk(known.access_key, SecretStr(known.secret_key))
    if auth == "password":
        credentials = Password(known.domain, known.user, SecretStr(known.password))
    return account(credentials, base=known.url, iam=known.url, project="", timeout=5)


@pytest.mark.parametrize("auth", ["aksk", "password"])
async def test_the_simulated_cloud_names_as_many_as_it_counts(auth: str) -> None:
    async with simulated(auth) as (sim, cloud, orders):
        sim.cloud.put(orders.id, {"common": {"abnormal": 14}, "cdc": {"abnormal": 2}})
        found = await cloud.broken_tasks(orders)
        assert (len(found.common), len(found.cdc), found.unseen) == (14, 2, 0)
        assert len(set(found.common + found.cdc)) == 16
        sim.cloud.put(orders.id, {"common": {"abnormal": 0}, "cdc": {"abnormal": 5000}})
        assert len((await cloud.broken_tasks(orders)).cdc) == 999
        assert (await cloud.broken_tasks(orders)).unseen == 4001
        sim.cloud.put(orders.id, {"common": {"abnormal": 0}, "cdc": {"abnormal": 0}})
        assert await cloud.broken_tasks(orders) == BrokenTasks()
        assert sim.cloud.figures.calls["task-monitors"] == 4


@pytest.mark.parametrize(
    ("kind", "error"),
    [("403", Refused), ("500", Unreachable), ("429", Throttled), ("html", Garbage), ("empty", Garbage)],
)
async def test_a_fault_of_the_simulated_cloud_is_a_sorted_error(kind: str, error: type[Exception]) -> None:
    async with simulated() as (sim, cloud, orders):
        sim.cloud.add_fault({"instance": orders.id, "kind": kind})
        with pytest.raises(error):
            await cloud.broken_tasks(orders)
