"""Slack's bots, Telegram and Discord keep one message for each group up to date, in the simulated chats."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from notifier_kinds import BY_NAME, FOUND, KINDS
from notifier_samples import CANARY, NOW, message, receiving, tools

from monitor.notification import Reason
from monitor.notifiers import Notifier, Outcome, Verdict
from monitor.simulator import Scenario, Simulator, SimulatorOptions
from monitor.simulator.inbox import Message as Kept

LIVING = ("slack-bot", "telegram", "discord")
living = pytest.mark.parametrize("name", LIVING)
GONE = {
    "slack-bot": (200, {"ok": False, "error": "message_not_found"}),
    "telegram": (400, {"ok": False, "error_code": 400, "description": "Bad Request: message to edit not found"}),
    "discord": (404, {"code": 10008, "message": "Unknown Message"}),
}


@dataclass(slots=True)
class Chat:
    """A simulated chat, and a notifier that speaks in it, a minute after the other."""

    name: str
    simulator: Simulator
    notifier: Notifier
    clock: list[Any]
    ref: str = ""

    async def hears(self, reason: Reason) -> Verdict:
        """Sent as the courier does it: with the ref of the last verdict."""
        self.clock[0] += timedelta(minutes=1)
        verdict = await self.notifier.send(dataclasses.replace(message(reason), edits=self.ref))
        if verdict.outcome is Outcome.DELIVERED:
            self.ref = verdict.ref
        return verdict

    @property
    def seen(self) -> list[Kept]:
        return self.simulator.inbox.seen()


@asynccontextmanager
async def chat(name: str, **options: Any) -> AsyncIterator[Chat]:
    clock = [NOW]
    chosen = SimulatorOptions(instances=0, scenario=Scenario(), clock=lambda: clock[0])
    async with aiohttp.ClientSession() as session, Simulator(chosen) as simulator:
        base = {"base_url": f"{simulator.url}/slack/demo/api"} if name == "slack-bot" else {}
        notifier = BY_NAME[name].notifier(simulator.url, tools(session), **base, **options)
        yield Chat(name, simulator, notifier, clock)


@living
async def test_the_message_of_a_group_changes_in_place_and_what_must_be_heard_is_said_beside_it(name: str) -> None:
    async with chat(name) as room:
        await room.hears(Reason.FIRST)
        assert room.ref
        assert CANARY not in room.ref, "what is kept of a message is no secret"
        [first] = room.seen
        assert first.card is not None
        assert first.card.colour == "red"
        kept = room.ref
        for reason in (Reason.MORE, Reason.SOME_RESOLVED, Reason.ALL_RESOLVED):
            assert (await room.hears(reason)).outcome is Outcome.DELIVERED
        places = [one.place for one in room.seen]
        living_one, *replies = room.seen
        assert living_one.place == places[0] == first.number
        assert living_one.card is not None
        assert living_one.card.colour == "green", "the message itself turned green"
        assert "RESOLVED" in living_one.summary
        assert len(replies) == 2, "of a part that resolved nobody is woken"
        assert "+1 new" in replies[0].summary
        assert "RESOLVED" in replies[1].summary
        assert kept.partition(" ")[2]
        assert room.ref == "", "the next trouble is another message"


@living
async def test_the_next_trouble_is_a_new_message(name: str) -> None:
    async with chat(name) as room:
        for reason in (Reason.FIRST, Reason.ALL_RESOLVED, Reason.FIRST):
            await room.hears(reason)
        assert len(room.seen) == 3
        assert room.ref


@living
async def test_a_message_that_was_deleted_is_said_anew(name: str) -> None:
    async with chat(name) as room:
        await room.hears(Reason.FIRST)
        kept = room.ref
        room.ref = f"{kept.partition(' ')[0]} {'C0ALERTS:1.5' if name == 'slack-bot' else '4711'}"
        verdict = await room.hears(Reason.MORE)
        assert verdict.outcome is Outcome.DELIVERED
        assert verdict.ref not in ("", kept)
        assert len(room.seen) == 2


@living
async def test_a_try_that_broke_between_its_steps_can_be_repeated(name: str) -> None:
    async with chat(name) as room:
        await room.hears(Reason.FIRST)
        kept = room.ref
        await room.hears(Reason.MORE)
        again = await room.hears(Reason.MORE)
        assert again.outcome is Outcome.DELIVERED, "an edit that changes nothing is no fault"
        assert room.ref == kept


@living
async def test_a_ref_of_another_target_is_of_no_use(name: str) -> None:
    async with chat(name) as room:
        await room.hears(Reason.FIRST)
        room.ref = "elsewhere 1:2"
        verdict = await room.hears(Reason.MORE)
        assert verdict.outcome is Outcome.DELIVERED
        assert len(room.seen) == 2


@living
async def test_an_edit_that_fails_is_tried_again_and_loses_nothing(name: str) -> None:
    async with chat(name) as room:
        await room.hears(Reason.FIRST)
        kept = room.ref
        kind = BY_NAME[name].robot
        room.simulator.robots.configure(kind, {"answer": {"status": 503}})
        assert (await room.hears(Reason.MORE)).outcome is Outcome.UNREACHABLE
        room.simulator.robots.configure(kind, {})
        assert (await room.hears(Reason.MORE)).outcome is Outcome.DELIVERED
        assert room.ref == kept


@living
async def test_a_test_message_leaves_the_living_one_alone(name: str) -> None:
    async with chat(name) as room:
        verdict = await room.hears(Reason.TEST)
        assert verdict.outcome is Outcome.DELIVERED
        assert len(room.seen) == 1


@pytest.mark.parametrize("edits", ["", " ", "x", "-100", "-100 ", "-100 abc", "12 ../../x", "#alerts C1"])
@living
async def test_whatever_is_given_as_a_ref_raises_nothing(name: str, edits: str) -> None:
    async def handler(request: web.Request) -> web.Response:
        status, body = GONE[name]
        return web.json_response(body, status=status)

    async with receiving(handler) as (address, kit):
        notifier = BY_NAME[name].notifier(address, kit)
        verdict = await notifier.send(dataclasses.replace(message(Reason.MORE), edits=edits))
    assert verdict.outcome is Outcome.REFUSED


@living
async def test_all_requests_of_one_try_take_no_longer_than_one_may(name: str) -> None:
    asked: list[str] = []
    success = BY_NAME[name].good

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.path)
        if len(asked) > 1:
            await asyncio.sleep(0.12)
        return web.Response(status=success.status, body=success.raw)

    async with receiving(handler) as (address, kit):
        notifier = BY_NAME[name].notifier(address, kit, timeout="200ms")
        first = await notifier.send(message())
        verdict = await notifier.send(dataclasses.replace(message(Reason.MORE), edits=first.ref))
    assert verdict == Verdict(Outcome.UNREACHABLE, "no answer within 0.2s")
    assert len(asked) == 3


async def test_a_telegram_group_that_became_a_supergroup_is_followed() -> None:
    asked: list[Any] = []

    async def handler(request: web.Request) -> web.Response:
        body = await request.json()
        asked.append(body["chat_id"])
        if body["chat_id"] == "-100":
            moved = {"migrate_to_chat_id": -1009}
            text = "Bad Request: group chat was upgraded to a supergroup chat"
            answer = {"ok": False, "error_code": 400, "description": text, "parameters": moved}
            return web.json_response(answer, status=400)
        return web.json_response({"ok": True, "result": {"message_id": 5}})

    async with receiving(handler) as (address, kit):
        notifier = BY_NAME["telegram"].notifier(address, kit)
        verdicts = [await notifier.send(message()) for _ in range(2)]
    assert [verdict.outcome for verdict in verdicts] == [Outcome.DELIVERED] * 2
    assert asked == ["-100", "-1009", "-1009"]
    assert verdicts[0].ref == "-100 5"


async def test_slack_updates_the_channel_by_the_id_that_it_answered() -> None:
    asked: list[tuple[str, Any]] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append((request.path, await request.json()))
        return web.json_response({"ok": True, "channel": "C024BE91L", "ts": "1503435956.000247"})

    async with receiving(handler) as (address, kit):
        notifier = BY_NAME["slack-bot"].notifier(address, kit)
        first = await notifier.send(message())
        await notifier.send(dataclasses.replace(message(Reason.WORSE), edits=first.ref))
    assert [path for path, _ in asked] == ["/api/chat.postMessage", "/api/chat.update", "/api/chat.postMessage"]
    post, update, reply = (body for _, body in asked)
    assert (post["channel"], update["channel"], update["ts"]) == ("#alerts", "C024BE91L", "1503435956.000247")
    assert (reply["thread_ts"], reply["reply_broadcast"]) == ("1503435956.000247", True)


async def test_discord_writes_into_the_thread_that_its_address_names() -> None:
    asked: list[tuple[str, dict[str, str]]] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append((request.method, dict(request.query)))
        return web.json_response({"id": "99"})

    async with receiving(handler) as (address, kit):
        webhook = f"{address}/api/webhooks/12/{CANARY}?thread_id=7&wait=false"
        notifier = BY_NAME["discord"].notifier(address, kit, webhook=webhook)
        first = await notifier.send(message())
        await notifier.send(dataclasses.replace(message(Reason.WORSE), edits=first.ref))
    posted = ("POST", {"thread_id": "7", "wait": "true"})
    assert asked == [posted, ("PATCH", {"thread_id": "7", "wait": "false"}), posted]


@living
async def test_who_cares_is_shown_in_the_message_and_disturbs_nobody(name: str) -> None:
    async with chat(name) as room:
        verdict = await room.hears(Reason.ACKNOWLEDGED)
        assert (verdict.outcome, verdict.reason) == (Outcome.DELIVERED, "there is no message to change")
        assert room.seen == []
        await room.hears(Reason.FIRST)
        kept = room.ref
        assert (await room.hears(Reason.ACKNOWLEDGED)).outcome is Outcome.DELIVERED
        [changed] = room.seen
        assert changed.card is not None
        assert "acknowledged by 王 <b>" in changed.summary.replace(":", "")
        assert room.ref == kept
        room.ref = f"{kept.partition(' ')[0]} {'C0ALERTS:1.5' if name == 'slack-bot' else '4711'}"
        verdict = await room.hears(Reason.ACKNOWLEDGED)
        assert (verdict.outcome, verdict.ref) == (Outcome.DELIVERED, ""), "one that is gone is not said anew for that"
        assert len(room.seen) == 1


def test_only_what_can_be_shown_without_a_message_of_its_own_is_told_who_cares() -> None:
    able = {
        one.name for one in KINDS if FOUND[one.kind].Options.model_validate(one.options("https://x.example")).tells_acks
    }
    assert able == {*LIVING, "pagerduty"}
