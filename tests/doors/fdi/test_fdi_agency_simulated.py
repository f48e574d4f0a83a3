"""An agency's keys against the simulated metadata service and cloud, over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from monitor.clock import now
from monitor.fdi.account import Account, Agency, Quota
from monitor.fdi.cloud import Cloud
from monitor.fdi.wire import make_session
from monitor.model import FailureKind, Instance, Sample
from monitor.simulator import Metadata, Scenario, Simulator, SimulatorOptions

HOUR = timedelta(hours=1)


@asynccontextmanager
async def opened(metadata: Metadata, *, project: bool = True) -> AsyncIterator[tuple[Simulator, Cloud]]:
    """A simulated cloud, and a client on a server of it. Its `instances` are those of the cloud."""
    options = SimulatorOptions(instances=3, quota="1000/s", scenario=Scenario(), metadata=metadata)
    async with Simulator(options) as sim, make_session() as session:
        known = sim.credentials
        account = Account(
            "prod",
            known.url,
            known.url,
            Agency(),
            region=known.region,
            project_id=known.project_id if project else "",
            quota=Quota(1000, timedelta(seconds=1)),
            instances=tuple(Instance("prod", one.id, one.name, known.region) for one in sim.cloud.machines()),
        )
        yield sim, Cloud(account, session, now, metadata=known.url)


async def polled(cloud: Cloud) -> Sample:
    return await cloud.sample(cloud.account.instances[0])


@pytest.mark.parametrize("tokens", [True, False])
@pytest.mark.parametrize("project", [True, False])
async def test_it_lets_us_in(tokens: bool, project: bool) -> None:
    async with opened(Metadata(tokens=tokens, life=HOUR), project=project) as (sim, cloud):
        assert (await polled(cloud)).up
        stats = sim.cloud.stats()
        assert cloud.expires_at is not None
        assert timedelta(minutes=59) < cloud.expires_at - now() <= HOUR
    assert stats["refused"] == {}
    assert stats["by_call"]["securitykey"] == 1
    assert stats["by_call"].get("metadata-token", 0) == int(tokens)


async def test_a_server_without_an_agency_is_told_what_it_lacks() -> None:
    async with opened(Metadata(agency=False)) as (sim, cloud):
        sample = await polled(cloud)
        stats = sim.cloud.stats()
    assert sample.failure is not None
    assert sample.failure.kind is FailureKind.AUTH
    assert "this cloud server has no agency: give the cloud server we run on an agency" in sample.failure.reason
    assert stats["requests"] == 0


async def test_keys_that_die_early_cost_no_sample() -> None:
    async with opened(Metadata()) as (sim, cloud):
        assert (await polled(cloud)).up
        sim.cloud.agency.withdraw()
        assert (await polled(cloud)).up
        stats = sim.cloud.stats()
    assert stats["refused"] == {"credentials": 1}
    assert stats["by_call"]["securitykey"] == 2


async def test_short_lived_keys_are_renewed_in_time() -> None:
    async with opened(Metadata(life=timedelta(milliseconds=200))) as (sim, cloud):
        start = now()
        while now() - start < timedelta(milliseconds=600):
            assert (await polled(cloud)).up
        stats = sim.cloud.stats()
    assert stats["refused"] == {}
    assert stats["by_call"]["securitykey"] >= 4


async def test_no_proxy_stands_between_us_and_the_metadata_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    async with opened(Metadata()) as (sim, cloud):
        sample = await polled(cloud)
        assert sim.cloud.stats()["by_call"] == {"metadata-token": 1, "securitykey": 1}
    assert not sample.up, "the poll itself heeds the proxy"
