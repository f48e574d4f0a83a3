from __future__ import annotations

import asyncio

import pytest
from simclient import START, MovableClock, cloud

from monitor.simulator import Simulator, SimulatorOptions


async def test_the_statistics_are_the_documented_body_with_the_counts_of_the_instance() -> None:
    async with cloud() as client:
        client.sim.cloud.put("orders", {"common": {"running": 8, "abnormal": 2, "terminated": 1, "completed": 40}})
        client.sim.cloud.put("orders", {"cdc": {"running": 3, "abnormal": 1, "terminated": 0, "completed": 0}})
        status, body, headers = await client.get(client.path("orders"))
    assert status == 200
    assert body == {
        "common_task_details": {
            "running_tasks_count": 8,
            "abnormal_tasks_count": 2,
            "terminated_tasks_count": 1,
            "completed_tasks_count": 40,
        },
        "cdc_task_details": {
            "running_tasks_count": 3,
            "abnormal_tasks_count": 1,
            "terminated_tasks_count": 0,
            "completed_tasks_count": 0,
        },
    }
    assert headers["X-Request-Id"]
    assert headers["Server"] == "api-gateway"


async def test_every_reply_has_a_request_id_of_its_own() -> None:
    async with cloud() as client:
        replies = [await client.get(path) for path in [client.path("orders"), client.path("nowhere"), "/v2/unknown"]]
        _, _, iam = await client.get("/v3/projects")
    assert len({headers["X-Request-Id"] for *_, headers in replies}) == 3
    assert iam["X-IAM-Trace-Id"]
    assert replies[1][1]["request_id"] == replies[1][2]["X-Request-Id"]


async def test_the_scenario_moves_with_the_clock() -> None:
    clock = MovableClock()
    async with cloud(clock, scenario=None) as client:
        seen = []
        for _ in range(20):
            _, body, _ = await client.get(client.path("orders"))
            seen.append(body["cdc_task_details"]["abnormal_tasks_count"])
            clock.forward(seconds=1)
    assert seen[3] in (0, 3)
    assert seen[:3] == [0] * 3
    assert seen[5:14] == [3] * 9
    assert seen[17:] == [0] * 3


async def test_the_task_monitors_name_as_many_broken_tasks_as_the_statistics_count() -> None:
    async with cloud() as client:
        client.sim.cloud.put("orders", {"common": {"abnormal": 2}, "cdc": {"abnormal": 12}})
        path = client.path("orders", "task-monitors")
        _, page, _ = await client.get(f"{path}?execute_status=ERROR&offset=11&limit=100")
        _, first, _ = await client.get(f"{path}?execute_status=ERROR")
        wrong = [(await client.get(path + query))[0] for query in ("?execute_status=BROKEN", "?limit=x", "?offset=-1")]
    assert (page["total"], page["size"]) == (14, 4)
    assert [task["ext_type"] for task in page["entities"]] == ["CDC", "CDC", None, None]
    assert (first["total"], first["size"]) == (14, 10)
    assert wrong == [400, 400, 400]


async def test_the_instance_list_is_paged_and_filtered_by_status() -> None:
    async with cloud(instances=25) as client:
        client.sim.cloud.put("invoices", {"status": "ERROR"})
        base = f"/v2/{client.credentials.project_id}/instances"
        pages = [(await client.get(f"{base}?offset={offset}&limit=10"))[1] for offset in (0, 10, 20, 30)]
        _, running, _ = await client.get(f"{base}?status=RUNNING&limit=999")
        status, wrong, _ = await client.get(f"{base}?status=BROKEN")
    assert [page["size"] for page in pages] == [10, 10, 5, 0]
    assert {page["total"] for page in pages} == {25}
    assert {each["id"] for page in pages for each in page["instances"]} == set(client.ids.values())
    assert pages[0]["instances"][0]["name"] == "orders"
    assert running["total"] == 24
    assert (status, wrong["error_code"]) == (400, "FDI.3002")


async def test_over_the_quota_the_documented_429_is_answered_until_the_window_has_moved() -> None:
    clock = MovableClock()
    async with cloud(clock, quota="3/s") as client:
        first = [(await client.get(client.path("orders")))[0] for _ in range(5)]
        _, body, _ = await client.get(f"/v2/{client.credentials.project_id}/instances")
        clock.forward(seconds=1)
        later, *_ = await client.get(client.path("orders"))
        _, stats = await client.send("GET", "/_sim/stats")
    assert first == [200, 200, 200, 429, 429]
    assert body["error_code"] == "APIGW.0308"
    assert body["error_msg"] == (
        "The throttling threshold has been reached: policy user over ratelimit,limit:3,time:1 second"
    )
    assert later == 200
    assert (stats["requests"], stats["accepted"], stats["refused"]) == (7, 4, {"quota": 3})
    assert stats["highest_in_a_second"] == 6
    assert stats["by_call"] == {"statistics": 6, "instances": 1}
    assert stats["by_instance"] == {client.ids["orders"]: 6}


async def test_iam_does_not_count_against_the_quota() -> None:
    async with cloud(quota="1/1h") as client:
        for _ in range(3):
            assert (await client.get("/v3/projects"))[0] == 200
        assert (await client.get(client.path("orders")))[0] == 200


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({}, "neither a token nor a signature"),
        ({"X-Auth-Token": "made-up"}, "decrypt token fail"),
        ({"Authorization": "Basic eDp5"}, "not of SDK-HMAC-SHA256"),
        (
            {"Authorization": f"SDK-HMAC-SHA256 Access=NOBODY, SignedHeaders=host, Signature={'0' * 64}"},
            "Get secretKey failed,ak:NOBODY,err:ak not exist",
        ),
    ],
)
async def test_without_good_credentials_the_gateway_says_so(headers: dict[str, str], text: str) -> None:
    async with cloud() as client:
        status, body, _ = await client.get(client.path("orders"), headers)
    assert (status, body["error_code"]) == (401, "APIGW.0301")
    assert text in body["error_msg"]


async def test_a_token_has_to_be_updated_after_its_life() -> None:
    clock = MovableClock()
    async with cloud(clock) as client:
        token = client.token()
        clock.forward(hours=23, minutes=59)
        assert (await client.get(client.path("orders"), token))[0] == 200
        clock.forward(minutes=1)
        status, body, _ = await client.get(client.path("orders"), token)
    assert (status, body["error_code"]) == (401, "APIGW.0307")


async def test_a_password_gives_a_token_that_works() -> None:
    async with cloud(MovableClock(), token_size=20_000) as client:
        url = f"{client.credentials.url}/v3/auth/tokens?nocatalog=true"
        async with client.session.post(url, json=client.login()) as response:
            body, token = await response.json(), response.headers["X-Subject-Token"]
            assert response.status == 201
            assert response.headers["X-IAM-Trace-Id"]
        status, *_ = await client.get(client.path("orders"), {"X-Auth-Token": token})
    assert len(token) == 20_000
    assert body["token"]["expires_at"] == "2026-01-06T02:00:00.000000Z"
    assert body["token"]["project"]["id"] == client.credentials.project_id
    assert status == 200


async def test_five_wrong_passwords_lock_the_user_for_a_quarter_of_an_hour() -> None:
    clock = MovableClock()
    async with cloud(clock) as client:
        wrong = [await client.send("POST", "/v3/auth/tokens", client.login("guess")) for _ in range(5)]
        locked = await client.send("POST", "/v3/auth/tokens", client.login())
        clock.forward(minutes=15)
        free = await client.send("POST", "/v3/auth/tokens", client.login())
    assert {status for status, _ in wrong} == {401}
    assert wrong[0][1]["error"] == {
        "message": "The username or password is wrong.",
        "code": 401,
        "title": "Unauthorized",
    }
    assert locked[0] == 401
    assert "locked" in locked[1]["error"]["message"]
    assert free[0] == 201


async def test_a_good_password_forgets_the_wrong_ones_before_it() -> None:
    async with cloud(MovableClock()) as client:
        for guess in ["a", "b", "c", "d", None, "e", "f", "g", "h"]:
            await client.send("POST", "/v3/auth/tokens", client.login(guess))
        assert (await client.send("POST", "/v3/auth/tokens", client.login()))[0] == 201


@pytest.mark.parametrize("body", [None, [], {}, {"auth": {"identity": {"methods": ["token"]}}}, {"auth": 3}])
async def test_another_body_for_a_token_is_a_bad_request(body: object) -> None:
    async with cloud() as client:
        status, answer = await client.send("POST", "/v3/auth/tokens", body)
    assert (status, answer["error"]["code"]) == (400, 400)


async def test_a_token_for_another_project_is_not_given() -> None:
    async with cloud() as client:
        assert (await client.send("POST", "/v3/auth/tokens", client.login(project="eu-west-101")))[0] == 401


async def test_the_project_is_found_by_its_region_and_no_other_name() -> None:
    async with cloud(region="eu-west-101") as client:
        _, found, _ = await client.get("/v3/projects?name=eu-west-101")
        _, missing, _ = await client.get("/v3/projects?name=cn-north-4")
    assert [project["id"] for project in found["projects"]] == [client.credentials.project_id]
    assert missing["projects"] == []


async def test_another_project_in_the_url_is_fdi_3039() -> None:
    async with cloud() as client:
        path = client.path("orders").replace(client.credentials.project_id, "0" * 32)
        status, body, _ = await client.get(path)
    assert (status, body["error_code"]) == (400, "FDI.3039")


async def test_an_unknown_instance_is_404_and_an_unknown_path_is_another_404() -> None:
    async with cloud() as client:
        gone, no_instance, _ = await client.get(client.path("nowhere"))
        absent, no_api, _ = await client.get(f"/v2/{client.credentials.project_id}/fdi")
    assert (gone, no_instance["error_code"]) == (404, "APIG.3030")
    assert (absent, no_api["error_code"]) == (404, "APIGW.0101")


async def test_a_signed_request_is_let_in() -> None:
    async with cloud(MovableClock()) as client:
        path = client.path("orders")
        assert (await client.get(path, client.signed(path, at=START)))[0] == 200


async def test_a_wrong_signature_is_answered_with_the_gateways_canonical_request() -> None:
    async with cloud(MovableClock()) as client:
        path = client.path("orders")
        status, body, _ = await client.get(path, client.signed(path, at=START, secret="wrong"))
    assert (status, body["error_code"]) == (401, "APIGW.0301")
    assert f"verify aksk signature fail, canonicalRequest:GET|{path}/||host:127.0.0.1:" in body["error_msg"]


@pytest.mark.parametrize(("minutes", "status"), [(-15, 200), (15, 200), (-16, 401), (16, 401)])
async def test_a_signature_may_be_a_quarter_of_an_hour_off(minutes: int, status: int) -> None:
    clock = MovableClock()
    async with cloud(clock) as client:
        path = client.path("orders")
        headers = client.signed(path, at=START)
        clock.forward(minutes=minutes)
        assert (await client.get(path, headers))[0] == status


async def test_more_than_five_bad_signatures_lock_the_key_for_five_minutes() -> None:
    clock = MovableClock()
    async with cloud(clock) as client:
        path = client.path("orders")
        for _ in range(5):
            await client.get(path, client.signed(path, at=START, secret="wrong"))
        assert (await client.get(path, client.signed(path, at=START)))[0] == 200
        for _ in range(6):
            await client.get(path, client.signed(path, at=START, secret="wrong"))
        _, body, _ = await client.get(path, client.signed(path, at=START))
        clock.forward(minutes=5)
        free, *_ = await client.get(path, client.signed(path, at=clock.at))
    assert "AK access failed to reach the limit" in body["error_msg"]
    assert free == 200


async def test_two_clouds_of_one_seed_are_the_same_and_of_another_seed_are_not() -> None:
    async def everything(seed: int) -> object:
        async with cloud(MovableClock(), seed=seed) as client:
            listed = await client.send("GET", "/_sim/instances")
            known = client.credentials.as_dict()
            return listed, client.token(), {key: known[key] for key in ("access_key", "secret_key", "project_id")}

    assert await everything(1) == await everything(1)
    assert await everything(1) != await everything(2)


async def test_an_instance_can_be_made_changed_and_removed() -> None:
    async with cloud() as client:
        made = await client.send("PUT", "/_sim/instances/new-1", {"name": "新实例", "cdc": {"abnormal": 4}})
        _, body, _ = await client.get(client.path("new-1"))
        changed = await client.send("PUT", "/_sim/instances/新实例", {"common": {"running": 2}})
        gone = [(await client.send("DELETE", "/_sim/instances/new-1"))[0] for _ in range(2)]
        status, *_ = await client.get(client.path("new-1"))
    assert made[0] == 200
    assert body["cdc_task_details"]["abnormal_tasks_count"] == 4
    assert changed[1]["cdc"]["abnormal"] == 4
    assert changed[1]["common"]["running"] == 2
    assert gone == [204, 404]
    assert status == 404


async def test_counts_set_by_hand_are_not_moved_by_the_scenario() -> None:
    clock = MovableClock()
    async with cloud(clock, scenario=None) as client:
        clock.forward(seconds=8)
        client.sim.cloud.put("orders", {"common": {"abnormal": 1}})
        clock.forward(seconds=60)
        _, body, _ = await client.get(client.path("orders"))
    assert body["common_task_details"]["abnormal_tasks_count"] == 1
    assert body["cdc_task_details"]["abnormal_tasks_count"] == 3


@pytest.mark.parametrize(
    ("method", "path", "body", "text"),
    [
        ("PUT", "/_sim/instances/orders", {"counts": {}}, "each optional"),
        ("PUT", "/_sim/instances/orders", {"cdc": {"broken": 1}}, "no state 'broken'"),
        ("PUT", "/_sim/instances/orders", {"status": "FINE"}, "no status 'FINE'"),
        ("POST", "/_sim/faults", {"kind": "explode"}, "no fault 'explode'"),
        ("POST", "/_sim/faults", {"kind": "503", "forever": True}, "no field 'forever'"),
        ("POST", "/_sim/faults", {"kind": "503", "for": "soon"}, "not a duration"),
        ("POST", "/_sim/faults", {"kind": "503", "rate": 7}, "rate: 7"),
        ("POST", "/_sim/faults", [], "write an object"),
        ("POST", "/_sim/robots/nobody", {}, "no robot 'nobody'"),
        ("POST", "/_sim/robots/feishu", {"refuse": "42"}, "no code '42'"),
        ("POST", "/_sim/robots/feishu", {"secret": "x"}, "feishu/ADDRESS"),
        ("POST", "/_sim/robots/teams/a", {"secret": "x"}, "checks no signatures"),
        ("POST", "/_sim/robots/webhook", {"answer": {"status": "high"}}, "answer: write"),
        ("POST", "/_sim/robots/webhook", {"dance": True}, "write one of"),
    ],
)
async def test_wrong_control_input_is_told_what_to_write(method: str, path: str, body: object, text: str) -> None:
    async with cloud() as client:
        status, answer = await client.send(method, path, body)
    assert status == 400
    assert text in answer["error"]


async def test_the_credentials_and_figures_can_be_read_and_the_figures_forgotten() -> None:
    async with cloud() as client:
        _, credentials = await client.send("GET", "/_sim/credentials")
        await client.get(client.path("orders"))
        await client.send("DELETE", "/_sim/stats")
        _, stats = await client.send("GET", "/_sim/stats")
    assert credentials == client.credentials.as_dict()
    assert (stats["requests"], stats["highest_in_a_second"]) == (0, 0)


async def test_a_port_in_use_is_an_error_of_the_system_and_leaves_nothing_open() -> None:
    async with cloud() as client:
        port = int(client.credentials.url.rpartition(":")[2])
        with pytest.raises(OSError, match="address already in use"):
            await Simulator(SimulatorOptions(port=port)).__aenter__()


async def test_an_address_asked_for_before_the_start_is_a_plain_error() -> None:
    with pytest.raises(RuntimeError, match="async with"):
        _ = Simulator().url


async def test_the_secrets_are_not_in_the_representation() -> None:
    async with cloud() as client:
        known = client.credentials
        text = repr(known) + repr(client.sim.cloud.account) + repr(client.sim.cloud.tokens.issue(START))
    assert known.secret_key not in text
    assert known.password not in text
    assert known.feishu_secret not in text
    assert known.access_key in text


async def test_thirty_two_clients_at_once_are_all_answered() -> None:
    async with cloud(quota="100000/s", instances=50) as client:
        token = client.token()
        paths = [client.path(name) for name in client.ids]
        answers = await asyncio.gather(*(client.get(paths[turn % 50], token) for turn in range(400)))
        stats = client.sim.cloud.stats()
    assert {status for status, *_ in answers} == {200}
    assert stats["accepted"] == 400
    assert set(stats["by_instance"].values()) == {8}
