"""The official SDK, unchanged, against the simulated cloud over real sockets."""

from __future__ import annotations

import asyncio
import importlib
from pathlib import Path
from typing import Any

import pytest
from simclient import Client, cloud


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def sdk(module: str) -> Any:
    """A module of the SDK: imported late, because importing it writes into HOME."""
    return importlib.import_module(f"huaweicloudsdk{module}")


def roma(client: Client, *, secret: str = "", project: str = "") -> Any:
    known = client.credentials
    config = sdk("core.http.http_config").HttpConfig.get_default_config()
    config.timeout = (5, 5)
    credentials = sdk("core.auth.credentials").BasicCredentials(
        known.access_key, secret or known.secret_key, project or known.project_id
    )
    builder = sdk("roma.v2").RomaClient.new_builder().with_http_config(config).with_credentials(credentials)
    return builder.with_endpoint(known.url).build()


def count_tasks(client: Client) -> Any:
    return sdk("roma.v2").CountTasksRequest(instance_id=client.ids["orders"])


async def test_a_signed_statistics_call_gives_the_counts() -> None:
    async with cloud() as client:
        client.sim.cloud.put("orders", {"common": {"abnormal": 2}, "cdc": {"abnormal": 999_999_999_999}})
        answer = await asyncio.to_thread(roma(client).count_tasks, count_tasks(client))
        _, plain, _ = await client.get(client.path("orders"))
    assert answer.status_code == 200
    assert answer.common_task_details.abnormal_tasks_count == 2
    assert answer.to_json_object() == plain


async def test_instances_are_listed_with_a_signed_query() -> None:
    async with cloud(instances=12) as client:
        request = sdk("roma.v2").CheckRomaInstanceListV2Request(limit=5, offset=10, status="RUNNING")
        page = await asyncio.to_thread(roma(client).check_roma_instance_list_v2, request)
    assert (page.total, page.size, len(page.instances)) == (12, 2, 2)
    assert page.instances[0].status == "RUNNING"


async def test_a_broken_task_is_found_by_its_chinese_name() -> None:
    name = "订单明细实时同步"
    async with cloud() as client:
        client.sim.cloud.put("orders", {"cdc": {"abnormal": 6}})
        request = sdk("roma.v2").ListMonitorInfosRequest(
            client.ids["orders"], limit=100, offset=1, execute_status="ERROR", task_name=name
        )
        page = await asyncio.to_thread(roma(client).list_monitor_infos, request)
    assert [(task.task_name, task.ext_type) for task in page.entities] == [(name, "CDC")]


async def test_a_wrong_secret_is_refused_as_documented() -> None:
    async with cloud() as client:
        work = roma(client, secret="wrong").count_tasks
        with pytest.raises(sdk("core.exceptions.exceptions").ClientRequestException) as caught:
            await asyncio.to_thread(work, count_tasks(client))
    assert (caught.value.status_code, caught.value.error_code) == (401, "APIGW.0301")
    assert "canonicalRequest:GET|/v2/" in caught.value.error_msg
    assert caught.value.request_id


async def test_another_project_is_refused_as_documented() -> None:
    async with cloud() as client:
        work = roma(client, project="0" * 32).count_tasks
        with pytest.raises(sdk("core.exceptions.exceptions").ClientRequestException) as caught:
            await asyncio.to_thread(work, count_tasks(client))
    assert caught.value.error_code == "FDI.3039"


async def test_a_token_works_in_the_place_of_a_signature() -> None:
    async with cloud() as client:
        made = roma(client)
        made.preset_headers = {**client.token(), "Authorization": "none"}
        answer = await asyncio.to_thread(made.count_tasks, count_tasks(client))
    assert answer.status_code == 200


async def test_the_sdk_finds_the_project_by_its_region(monkeypatch: pytest.MonkeyPatch) -> None:
    async with cloud(region="eu-west-101") as client:
        known = client.credentials
        monkeypatch.setenv("HUAWEICLOUD_SDK_IAM_ENDPOINT", known.url)
        monkeypatch.setenv("HUAWEICLOUD_SDK_REGION_ROMA_EU_WEST_101", known.url)
        monkeypatch.setenv("HUAWEICLOUD_SDK_AK", known.access_key)
        monkeypatch.setenv("HUAWEICLOUD_SDK_SK", known.secret_key)

        def work() -> Any:
            region = sdk("roma.v2.region.roma_region").RomaRegion.value_of("eu-west-101")
            return sdk("roma.v2").RomaClient.new_builder().with_region(region).build().count_tasks(count_tasks(client))

        answer = await asyncio.to_thread(work)
        calls = client.sim.cloud.stats()["by_call"]
    assert answer.status_code == 200
    assert calls == {"projects": 1, "statistics": 1}
