"""The simulated metadata service: its keys open the simulated cloud, for the official SDK too."""

from __future__ import annotations

import asyncio
import importlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from simclient import Client, MovableClock, cloud

from monitor.simulator import Metadata, signature

TOKEN = "/meta-data/latest/api/token"
KEYS = "/openstack/latest/securitykey"


async def metadata_token(client: Client, life: str = "21600") -> tuple[int, str]:
    headers = {"X-Metadata-Token-Ttl-Seconds": life}
    async with client.session.put(client.credentials.url + TOKEN, headers=headers) as response:
        return response.status, await response.text()


async def security_key(client: Client, token: str = "") -> tuple[int, str | dict[str, str]]:
    headers = {"X-Metadata-Token": token} if token else {}
    async with client.session.get(client.credentials.url + KEYS, headers=headers) as response:
        if response.status != 200:
            return response.status, await response.text()
        credential: dict[str, str] = (await response.json())["credential"]
        return 200, credential


async def lent(client: Client) -> dict[str, str]:
    _, token = await metadata_token(client)
    _, keys = await security_key(client, token)
    assert isinstance(keys, dict)
    return keys


def signed(client: Client, keys: dict[str, str], *, token: str | None = None, covered: bool = True) -> dict[str, str]:
    """Headers of a poll signed with temporary keys; `covered` says whether the security token is signed too."""
    shown = keys["securitytoken"] if token is None else token
    date = client.sim.cloud.clock().strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": client.credentials.url.removeprefix("http://"), "x-sdk-date": date, "x-security-token": shown}
    names = tuple(name for name in sorted(headers) if covered or name != "x-security-token")
    canonical = signature.canonical_request("GET", client.path("orders"), headers=headers, signed=names, body=b"")
    made = signature.sign(keys["secret"], date, canonical)
    listed = ";".join(names)
    return {
        **headers,
        "Authorization": f"{signature.ALGORITHM} Access={keys['access']}, SignedHeaders={listed}, Signature={made}",
    }


async def status(client: Client, headers: dict[str, str]) -> int:
    return (await client.get(client.path("orders"), headers))[0]


async def test_it_is_there_only_when_asked_for() -> None:
    async with cloud() as client:
        assert (await metadata_token(client))[0] == 404
        assert (await security_key(client))[0] == 404


async def test_keys_are_given_for_a_token_and_to_nobody_else() -> None:
    clock = MovableClock()
    async with cloud(clock, metadata=Metadata()) as client:
        _, token = await metadata_token(client, "60")
        assert (await security_key(client))[0] == 401
        assert (await security_key(client, "made-up"))[0] == 401
        found, keys = await security_key(client, token)
        clock.forward(seconds=60)
        late, _ = await security_key(client, token)
    assert (found, late) == (200, 401)
    assert isinstance(keys, dict)
    assert keys["expires_at"] == "2026-01-06T02:00:00.000000Z"
    assert set(keys) == {"access", "secret", "securitytoken", "expires_at"}


@pytest.mark.parametrize("life", ["", "0", "21601", "-1", "x", "9" * 5000])
async def test_a_token_is_asked_for_with_its_life(life: str) -> None:
    async with cloud(metadata=Metadata()) as client:
        assert (await metadata_token(client, life))[0] == 400


async def test_the_old_version_knows_no_tokens() -> None:
    async with cloud(metadata=Metadata(tokens=False)) as client:
        assert (await metadata_token(client))[0] == 404
        assert (await security_key(client))[0] == 200


async def test_without_an_agency_it_says_so() -> None:
    async with cloud(metadata=Metadata(agency=False)) as client:
        _, token = await metadata_token(client)
        assert await security_key(client, token) == (401, "Please configure Cloud Service Agency first")


async def test_keys_open_the_cloud_only_with_their_own_token_signed() -> None:
    async with cloud(MovableClock(), metadata=Metadata()) as client:
        keys, others = await lent(client), await lent(client)
        assert await status(client, signed(client, keys)) == 200
        assert await status(client, signed(client, others)) == 200
        assert await status(client, signed(client, keys, token=others["securitytoken"])) == 401
        assert await status(client, signed(client, keys, token="")) == 401
        assert await status(client, signed(client, keys, covered=False)) == 401
        assert await status(client, signed(client, {**keys, "secret": others["secret"]})) == 401
        stats = client.sim.cloud.stats()
    assert stats["refused"] == {"credentials": 4}
    assert (stats["by_call"]["metadata-token"], stats["by_call"]["securitykey"]) == (2, 2)


async def test_keys_end_with_their_time_or_with_their_agency() -> None:
    clock = MovableClock()
    async with cloud(clock, metadata=Metadata(life=timedelta(minutes=30))) as client:
        keys = await lent(client)
        clock.forward(minutes=29)
        assert await status(client, signed(client, keys)) == 200
        clock.forward(minutes=1)
        assert await status(client, signed(client, keys)) == 401
        keys = await lent(client)
        client.sim.cloud.agency.withdraw()
        assert await status(client, signed(client, keys)) == 401


async def test_the_keys_are_not_in_their_representation() -> None:
    async with cloud(metadata=Metadata()) as client:
        keys = client.sim.cloud.agency.lend(client.sim.cloud.clock(), timedelta(hours=1))
    assert keys.secret_key not in repr(keys)
    assert keys.security_token not in repr(keys)


@pytest.mark.parametrize("tokens", [True, False])
async def test_the_official_sdk_gets_in_by_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tokens: bool) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def sdk(module: str) -> Any:
        return importlib.import_module(f"huaweicloudsdk{module}")

    def work(client: Client) -> Any:
        provider = sdk("core.auth.provider").MetadataCredentialProvider.get_basic()
        credentials = provider.get_credentials().with_project_id(client.credentials.project_id)
        builder = sdk("roma.v2").RomaClient.new_builder().with_credentials(credentials)
        roma = builder.with_endpoint(client.credentials.url).build()
        return roma.count_tasks(sdk("roma.v2").CountTasksRequest(instance_id=client.ids["orders"]))

    async with cloud(metadata=Metadata(tokens=tokens)) as client:
        accessor = sdk("core.auth.internal").MetadataAccessor
        monkeypatch.setattr(accessor, "_METADATA_ENDPOINT", client.credentials.url)
        answer = await asyncio.to_thread(work, client)
        assert client.sim.cloud.stats()["refused"] == {}
    assert answer.status_code == 200
