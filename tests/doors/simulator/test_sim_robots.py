from __future__ import annotations

from datetime import timedelta

import aiohttp
import pytest
from simclient import START, MovableClock, cloud, feishu_text

from monitor.simulator.robots.feishu import MESSAGES

BOT = "/feishu/demo"
OPEN = "/feishu/open"


async def test_a_signed_message_is_accepted_on_both_paths_and_kept() -> None:
    async with cloud(MovableClock()) as client:
        body = feishu_text("任务异常 3", secret=client.credentials.feishu_secret)
        answers = [await client.send("POST", path, body) for path in (BOT, "/open-apis/bot/v2/hook/demo")]
        _, kept = await client.send("GET", "/_sim/messages")
    assert [(status, answer["code"], answer["msg"]) for status, answer in answers] == [(200, 0, "success")] * 2
    first = kept["messages"][0]
    assert (first["robot"], first["address"], first["verdict"]) == ("feishu", "demo", "accepted")
    assert first["body"] == body
    assert first["summary"] == "任务异常 3"
    assert first["at"] == "2026-01-05T02:00:00+00:00"


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_signature_is_good_for_an_hour(hours: int) -> None:
    async with cloud(MovableClock()) as client:
        secret = client.credentials.feishu_secret
        edge = START + timedelta(hours=hours)
        beyond = edge + timedelta(seconds=hours)
        good = await client.send("POST", BOT, feishu_text("x", secret=secret, at=edge))
        bad = await client.send("POST", BOT, feishu_text("x", secret=secret, at=beyond))
    assert good[1]["code"] == 0
    assert bad == (200, {"code": 19021, "msg": MESSAGES["19021"], "data": {}})


async def test_a_missing_or_wrong_signature_is_refused_and_kept_as_refused() -> None:
    async with cloud(MovableClock()) as client:
        missing = await client.send("POST", BOT, feishu_text("x"))
        wrong = await client.send("POST", BOT, feishu_text("x", secret="guess"))
        kept = client.sim.messages(verdict="refused")
    assert missing[1]["code"] == wrong[1]["code"] == 19021
    assert [message.reason[:5] for message in kept] == ["19021", "19021"]


async def test_a_secret_can_be_given_to_another_robot() -> None:
    async with cloud(MovableClock()) as client:
        before = await client.send("POST", OPEN, feishu_text("x"))
        await client.send("POST", "/_sim/robots/feishu/open", {"secret": "s"})
        after = await client.send("POST", OPEN, feishu_text("x"))
        signed = await client.send("POST", OPEN, feishu_text("x", secret="s"))
    assert [answer["code"] for _, answer in (before, after, signed)] == [0, 19021, 0]


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"msg_type": "text"},
        {"msg_type": "text", "content": {"text": ""}},
        {"msg_type": "poem", "content": {"text": "x"}},
        {"msg_type": "interactive", "content": {"text": "x"}},
        {"msg_type": "text", "content": {"text": "x" * 20_480}},
    ],
)
async def test_a_body_of_another_shape_or_beyond_twenty_kilobytes_is_a_bad_request(body: object) -> None:
    async with cloud() as client:
        status, answer = await client.send("POST", OPEN, body)
    assert (status, answer["code"]) == (200, 9499)


async def test_five_messages_a_second_and_a_hundred_a_minute_pass() -> None:
    clock = MovableClock()
    async with cloud(clock) as client:
        first = [(await client.send("POST", OPEN, feishu_text("x")))[1]["code"] for _ in range(6)]
        other = (await client.send("POST", "/feishu/other", feishu_text("x")))[1]["code"]
        passed = 5
        for _ in range(20):
            clock.forward(seconds=1)
            codes = [(await client.send("POST", OPEN, feishu_text("x")))[1]["code"] for _ in range(5)]
            passed += codes.count(0)
    assert first == [0] * 5 + [11232]
    assert other == 0
    assert passed == 100


async def test_a_webhook_keeps_the_body_and_the_headers() -> None:
    async with cloud() as client:
        url = f"{client.credentials.url}/webhook/ops"
        async with client.session.post(url, json={"a": "中"}, headers={"Idempotency-Key": "m-1"}) as reply:
            assert (reply.status, await reply.json()) == (200, {"status": "ok"})
        async with client.session.post(url, data="not json") as reply:
            assert reply.status == 400
        _, kept = await client.send("GET", "/_sim/messages?robot=ops")
    good, bad = kept["messages"]
    assert (good["id"], good["body"], good["verdict"]) == ("m-1", {"a": "中"}, "accepted")
    assert good["headers"]["Idempotency-Key"] == "m-1"
    assert (bad["id"], bad["body"], bad["verdict"]) == ("", "not json", "refused")


async def test_a_robot_can_be_told_to_refuse_to_fail_and_to_be_down_and_then_to_be_well_again() -> None:
    async with cloud() as client:
        await client.send("POST", "/_sim/robots/feishu", {"refuse": "11232"})
        refused = await client.send("POST", OPEN, feishu_text("x"))
        await client.send("POST", "/_sim/robots/feishu/open", {"answer": {"status": 500, "body": {"oh": "no"}}})
        failed = await client.send("POST", OPEN, feishu_text("x"))
        still = await client.send("POST", "/feishu/else", feishu_text("x"))
        await client.send("POST", "/_sim/robots/feishu/open", {"down": True})
        with pytest.raises(aiohttp.ClientError):
            await client.send("POST", OPEN, feishu_text("x"))
        await client.send("POST", "/_sim/robots/feishu", {})
        await client.send("POST", "/_sim/robots/feishu/open", {})
        well = await client.send("POST", OPEN, feishu_text("x"))
        verdicts = [message.verdict for message in client.sim.messages()]
    assert (refused[0], refused[1]["code"]) == (200, 11232)
    assert failed == (500, {"oh": "no"})
    assert still[1]["code"] == 11232
    assert well[1]["code"] == 0
    assert verdicts[:3] == ["refused", "failed", "refused"]
    assert verdicts[3] == "failed"
    assert verdicts[-1] == "accepted"


async def test_a_robot_can_answer_with_headers() -> None:
    async with cloud() as client:
        told = {"answer": {"status": 429, "headers": {"Retry-After": "7"}}}
        await client.send("POST", "/_sim/robots/webhook", told)
        async with client.session.post(f"{client.credentials.url}/webhook/ops", json={}) as reply:
            assert (reply.status, reply.headers["Retry-After"]) == (429, "7")


async def test_messages_can_be_forgotten() -> None:
    async with cloud() as client:
        await client.send("POST", OPEN, feishu_text("x"))
        await client.send("DELETE", "/_sim/messages")
        await client.send("POST", OPEN, feishu_text("y"))
        kept = client.sim.messages()
    assert [(message.number, message.summary) for message in kept] == [(2, "y")]
