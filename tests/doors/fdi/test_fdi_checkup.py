"""An account examined over real sockets: each thing that can be wrong in the simulated cloud is told by its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from monitor.clock import now
from monitor.fdi.account import Account, Aksk, Credentials, Discover, Password, Quota, Token
from monitor.fdi.checkup import Check, Grade, examine
from monitor.model import Instance
from monitor.simulator import Scenario, Simulator, SimulatorOptions

WRONG = "canary-wrong-4711"


def simulator(instances: int = 3, **options: object) -> Simulator:
    return Simulator(SimulatorOptions(instances=instances, scenario=Scenario(), **options))  # type: ignore[arg-type]


def account(sim: Simulator, auth: Credentials | None = None) -> Account:
    known = sim.credentials
    return Account(
        "prod",
        known.url,
        known.url,
        auth or Aksk(known.access_key, SecretStr(known.secret_key)),
        region=known.region,
        project_id=known.project_id,
        timeout=timedelta(seconds=2),
        discover=Discover(timedelta(minutes=10)),
    )


def password(sim: Simulator, text: str = "") -> Password:
    known = sim.credentials
    return Password(known.domain, known.user, SecretStr(text or known.password))


async def checks(examined: Account) -> Mapping[str, Check]:
    found = await examine(examined, now)
    assert not [check for check in found if WRONG in check.found + check.advice]
    assert len({check.name for check in found}) == len(found)
    return {check.name: check for check in found}


def grades(found: Mapping[str, Check]) -> dict[str, str]:
    return {name: str(check.grade) for name, check in found.items()}


async def test_an_account_that_is_well_is_well_throughout() -> None:
    async with simulator() as sim:
        found = await checks(account(sim))
    assert grades(found) == dict.fromkeys(("endpoint", "clock", "credentials", "instances", "counts", "quota"), "ok")
    assert re.fullmatch(r"127\.0\.0\.1:\d+: DNS \d+ ms, TCP \d+ ms", found["endpoint"].found)
    assert found["clock"].found == "in step with the cloud's"
    assert found["credentials"].found == "accepted; an access key does not end by itself"
    assert found["instances"].found == "3 to poll"
    assert found["counts"].found.endswith(" tasks")
    assert found["quota"].found == "polls every 30s need 0.102/s, 1% of the quota"
    assert not any(check.advice for check in found.values())
    assert sim.cloud.figures.requests == 2


async def test_a_token_says_until_when_it_is_valid_and_iam_is_looked_at_too() -> None:
    async with simulator() as sim:
        found = await checks(replace(account(sim, password(sim)), project_id=""))
    assert set(grades(found).values()) == {"ok"}
    assert {"endpoint", "iam"} <= found.keys()
    ends = now() + timedelta(hours=24)
    assert f"accepted, valid until {ends:%Y-%m-%d}" in found["credentials"].found


async def test_a_token_made_elsewhere_will_end_and_that_is_a_warning() -> None:
    async with simulator() as sim:
        made = Token(SecretStr(sim.cloud.tokens.issue(now()).value))
        found = await checks(account(sim, made))
    assert grades(found)["credentials"] == "warning"
    assert "use an access key" in found["credentials"].advice


@pytest.mark.parametrize("kind", ["password", "secret key", "token"])
async def test_wrong_credentials_are_trouble_and_fail_once_only(kind: str) -> None:
    async with simulator() as sim:
        wrong: Mapping[str, Credentials] = {
            "password": password(sim, WRONG),
            "secret key": Aksk(sim.credentials.access_key, SecretStr(WRONG)),
            "token": Token(SecretStr(WRONG)),
        }
        found = await checks(account(sim, wrong[kind]))
        assert sum(sim.cloud.figures.refused.values()) == 1
    assert found["credentials"].grade is Grade.TROUBLE
    assert kind in found["credentials"].found
    assert "resting" not in found["credentials"].found
    assert {"instances", "counts", "quota"}.isdisjoint(found)


async def test_a_401_from_the_gateway_is_trouble_and_asked_for_once() -> None:
    async with simulator() as sim:
        sim.cloud.add_fault({"instance": "*", "kind": "401"})
        found = await checks(account(sim, password(sim)))
        assert sim.cloud.figures.requests == 1
    assert grades(found)["credentials"] == "trouble"
    assert "(request " in found["credentials"].found


@pytest.mark.parametrize(
    ("ahead", "grade", "says"),
    [
        (30, "ok", "s behind the cloud's"),
        (-30, "ok", "s ahead of the cloud's"),
        (125, "warning", "s behind the cloud's"),
        (-125, "warning", "s ahead of the cloud's"),
        (665, "trouble", "11m"),
        (3605, "trouble", "1h"),
    ],
)
async def test_the_clock_is_compared_with_the_clouds(ahead: int, grade: str, says: str) -> None:
    async with simulator() as sim:
        sim.cloud.add_fault({"instance": "*", "kind": "clock-skew", "value": ahead})
        found = await checks(account(sim, password(sim)))
    assert (grades(found)["clock"], says in found["clock"].found) == (grade, True), found["clock"]
    assert ("NTP" in found["clock"].advice) is (grade != "ok")
    assert grades(found)["counts"] == "ok"


async def test_a_clock_that_spoils_signatures_is_told_beside_the_refusal() -> None:
    async with simulator() as sim:
        sim.cloud.add_fault({"instance": "*", "kind": "clock-skew"})
        found = await checks(account(sim))
    assert (grades(found)["clock"], grades(found)["credentials"]) == ("trouble", "trouble")


async def test_a_user_who_may_not_list_or_read_is_told_which() -> None:
    async with simulator() as sim:
        sim.cloud.add_fault({"instance": "instances", "kind": "403"})
        unlisted = await checks(account(sim, password(sim)))
        sim.cloud.faults.clear()
        [first, *_] = sim.cloud.machines()
        sim.cloud.add_fault({"instance": first.id, "kind": "403"})
        unread = await checks(account(sim))
    assert (grades(unlisted)["instances"], grades(unlisted)["credentials"]) == ("trouble", "ok")
    assert "cannot be listed: not permitted" in unlisted["instances"].found
    assert grades(unread)["instances"] == "ok"
    assert grades(unread)["counts"] == "trouble"
    assert f"{first.name}: not permitted" in unread["counts"].found
    assert "ROMA ReadOnlyAccess" in unread["counts"].found


async def test_counts_that_are_all_zero_are_a_warning_about_what_the_user_may_see() -> None:
    nothing = dict.fromkeys(("running", "abnormal", "terminated", "completed"), 0)
    async with simulator(instances=2) as sim:
        for machine in sim.cloud.machines():
            sim.cloud.put(machine.id, {"common": nothing, "cdc": nothing})
        zero = await checks(account(sim))
        sim.cloud.put(sim.cloud.machines()[1].id, {"common": {"running": 4}})
        some = await checks(account(sim))
    assert grades(zero)["counts"] == "warning"
    assert "all counts are 0 (orders, invoices)" in zero["counts"].found
    assert "authorised" in zero["counts"].advice
    assert (grades(some)["counts"], "4 tasks" in some["counts"].found) == ("ok", True)


async def test_no_instance_to_poll_is_a_warning() -> None:
    async with simulator() as sim:
        found = await checks(replace(account(sim), discover=Discover(timedelta(minutes=1), include=("nope*",))))
    assert grades(found) == {"endpoint": "ok", "clock": "ok", "credentials": "ok", "instances": "warning"}


async def test_named_instances_are_not_looked_for_and_a_wrong_id_is_trouble() -> None:
    async with simulator() as sim:
        named = (Instance("prod", "no-such-id", "payments"),)
        found = await checks(replace(account(sim), discover=None, instances=named))
        assert sim.cloud.figures.calls["instances"] == 0
    assert grades(found)["counts"] == "trouble"
    assert "payments: no such instance" in found["counts"].found


@pytest.mark.parametrize(
    ("requests", "grade", "says"),
    [(10, "ok", "61%"), (7, "warning", "87%"), (5, "trouble", "polls come later than they should")],
)
async def test_the_need_is_held_against_the_quota(requests: int, grade: str, says: str) -> None:
    async with simulator(instances=6) as sim:
        quota = Quota(requests, timedelta(seconds=1))
        every = timedelta(seconds=1)
        found = await checks(replace(account(sim), quota=quota, poll_every=every, discover=Discover(every * 10)))
    assert (grades(found)["quota"], says in found["quota"].found) == (grade, True), found["quota"]
    assert bool(found["quota"].advice) is (grade != "ok")


async def test_a_cloud_that_throttles_says_so() -> None:
    async with simulator() as sim:
        [first, *_] = sim.cloud.machines()
        sim.cloud.add_fault({"instance": first.id, "kind": "429"})
        found = await checks(account(sim))
    assert (grades(found)["quota"], grades(found)["counts"]) == ("warning", "trouble")
    assert "the cloud has throttled this examination" in found["quota"].found


async def test_an_answer_that_is_none_of_the_api_is_trouble_and_the_credentials_are_not_known() -> None:
    async with simulator() as sim:
        sim.cloud.add_fault({"instance": "*", "kind": "html"})
        found = await checks(account(sim))
    assert grades(found)["instances"] == "trouble"
    assert "it is a web page" in found["instances"].found
    assert grades(found)["credentials"] == "warning"


async def test_what_cannot_be_reached_is_not_asked() -> None:
    async with simulator() as sim:
        found = await checks(replace(account(sim), endpoint="http://no-such-host.invalid"))
        assert sim.cloud.figures.requests == 0
    assert grades(found) == {"endpoint": "trouble"}
    assert "the name is not known" in found["endpoint"].found
