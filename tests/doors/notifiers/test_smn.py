"""Huawei Cloud SMN: signed like every call of the gateway, against the simulated one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from notifier_samples import NOW, crowded, message, tools
from pydantic import SecretStr, ValidationError
from yarl import URL

from monitor.fdi.account import Account, Aksk, Credentials, Password, Token
from monitor.fdi.credentials import AkskSigner
from monitor.fdi.hosts import smn_endpoint_of
from monitor.fdi.signing import wire_url
from monitor.fdi.topics import AccountTopics
from monitor.fdi.wire import make_session
from monitor.notification import Reason
from monitor.notifiers import Outcome, Tools
from monitor.notifiers.smn import SMS, SUBJECT, Smn, SmnOptions
from monitor.simulator import Scenario, Simulator, SimulatorOptions

ACCESS, SECRET = "QTWAOYTTINDUT2QVKYUC", "MFyfvK41ba2giqM7**********KGpownRZlmVmHc"
PROJECT = "c53626012ba84727b938ca8bf03108ef"
TOPIC = f"urn:smn:cn-north-4:{PROJECT}:fdi-alerts"


def test_the_signature_is_that_of_the_official_signer() -> None:
    at = datetime(2025, 10, 22, 8, 0, tzinfo=UTC)
    signer = AkskSigner(Aksk(ACCESS, SecretStr(SECRET)), "prod", project_id=PROJECT, now=lambda: at)
    base = "https://smn.cn-north-4.myhuaweicloud.com"
    url = wire_url(base, ("v2", PROJECT, "notifications", "topics", TOPIC, "publish"))
    assert url == URL(f"{base}/v2/{PROJECT}/notifications/topics/{TOPIC.replace(':', '%3A')}/publish", encoded=True)
    signed = signer.headers("POST", url, b'{"subject":"t","message":"m"}')["Authorization"]
    assert "SignedHeaders=content-type;host;x-project-id;x-sdk-date" in signed
    assert signed.endswith("Signature=d3427f579a91b07814d349bc7545b68e020f7d82db5371f8edbf820ca4399f04")


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("cn-north-4", "smn.cn-north-4.myhuaweicloud.com"),
        ("eu-west-101", "smn.eu-west-101.myhuaweicloud.eu"),
        ("cn-north-2", "smn.cn-north-2.myhuaweicloud.cn"),
    ],
)
def test_the_hosts_are_those_of_the_official_list(region: str, host: str) -> None:
    assert smn_endpoint_of(region) == f"https://{host}"


@asynccontextmanager
async def cloud(auth: str = "aksk", *, project: bool = True, **wrong: str) -> AsyncIterator[tuple[Simulator, Tools]]:
    """A simulated cloud, and tools with the topics of its account."""
    chosen = SimulatorOptions(instances=0, scenario=Scenario(), clock=lambda: NOW)
    async with make_session() as session, Simulator(chosen) as simulator:
        known = simulator.credentials
        ways: dict[str, Credentials] = {
            "aksk": Aksk(known.access_key, SecretStr(wrong.get("secret_key", known.secret_key))),
            "password": Password(known.domain, known.user, SecretStr(wrong.get("password", known.password))),
            "token": Token(SecretStr("outdated")),
        }
        given = known.project_id if project else ""
        account = Account("prod", known.url, known.url, ways[auth], known.region, given, timeout=timedelta(seconds=5))
        yield simulator, replace(tools(session), topics={"prod": AccountTopics(account, session, lambda: NOW)})


def smn(kit: Tools, simulator: Simulator, topic: str = "fdi-alerts") -> Smn:
    options = {"account": "prod", "topic": topic, "base_url": simulator.url}
    return Smn(SmnOptions.model_validate(options), kit)


@pytest.mark.parametrize("auth", ["aksk", "password"])
@pytest.mark.parametrize("project", [True, False], ids=["project-known", "project-looked-up"])
async def test_a_message_is_stored_in_the_topic(auth: str, project: bool) -> None:
    async with cloud(auth, project=project) as (simulator, kit):
        verdict = await smn(kit, simulator).send(message(Reason.MORE))
        [kept] = simulator.messages(robot="smn")
    assert (verdict.outcome, verdict.reason[:10]) == (Outcome.DELIVERED, "stored as ")
    assert kept.verdict == "accepted"
    assert kept.address.endswith(":fdi-alerts")
    assert kept.summary.startswith("[FIRING critical] cdc-tasks-abnormal")
    attributes = {one["name"]: one["value"] for one in kept.body["message_attributes"]}
    assert attributes == {"severity": "critical", "status": "firing", "id": "9f3c2b1a77aa4e0d"}


async def test_a_topic_may_be_named_by_its_urn() -> None:
    async with cloud() as (simulator, kit):
        verdict = await smn(kit, simulator, TOPIC).send(message())
        assert verdict.outcome is Outcome.DELIVERED
        assert simulator.messages()[0].address == TOPIC


@pytest.mark.parametrize(
    ("refusal", "outcome", "words"),
    [
        ("SMN.0006", Outcome.REFUSED, "check that topic fdi-alerts exists there"),
        ("SMN.0021", Outcome.REFUSED, "Invalid message structure."),
        ("SMN.0019", Outcome.UNREACHABLE, "Producer exception."),
        ("APIGW.0308", Outcome.THROTTLED, "throttled"),
    ],
)
async def test_a_refusal_is_read_by_its_code(refusal: str, outcome: Outcome, words: str) -> None:
    async with cloud() as (simulator, kit):
        simulator.robots.configure("smn", {"refuse": refusal})
        verdict = await smn(kit, simulator).send(message())
    assert verdict.outcome is outcome
    assert words in verdict.reason
    assert verdict.wait == (timedelta(minutes=1) if outcome is Outcome.THROTTLED else None)


@pytest.mark.parametrize("auth", ["aksk", "password", "token"])
async def test_wrong_credentials_are_no_reason_to_lose_the_message(auth: str) -> None:
    async with cloud(auth, secret_key="guessed-secret", password="guessed-secret") as (simulator, kit):
        verdict = await smn(kit, simulator).send(message())
    assert verdict.outcome is Outcome.UNREACHABLE
    assert "account prod" in verdict.reason
    assert "guessed-secret" not in verdict.reason


async def test_an_account_that_is_gone_is_a_refusal() -> None:
    verdict = await Smn(SmnOptions(account="gone", topic="t"), tools()).send(message())
    assert (verdict.outcome, verdict.reason) == (Outcome.REFUSED, "the policy has no account gone")


@pytest.mark.parametrize("text", ["异" * 500, "😀" * 500, "x" * 500, "[brackets]【】" * 50])
def test_subject_and_sms_keep_within_their_limits(text: str) -> None:
    said = replace(crowded(text, 10), title=f"[FIRING] {text}")
    body: Any = Smn(SmnOptions(account="prod", topic="t"), tools()).payload(said)
    assert len(body["subject"].encode()) <= SUBJECT
    sms = json.loads(body["message_structure"])["sms"]
    assert len(sms) <= SMS
    assert not set(sms) & set("[]【】")


@pytest.mark.parametrize("topic", ["", "a b", "urn:smn:x", "../x", "urn:smn:cn-north-4:p:a:b"])
def test_what_is_no_topic_is_refused(topic: str) -> None:
    with pytest.raises(ValidationError):
        SmnOptions.model_validate({"account": "prod", "topic": topic})
