"""The limits of the simulated chats, as their vendors document them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import quote

import pytest
from simclient import START, Client, MovableClock, cloud, feishu_text

SECRET = "SECdemo"


def dingtalk(text: str = "x") -> dict[str, Any]:
    return {"msgtype": "markdown", "markdown": {"title": "t", "text": text}}


def signed(milliseconds: int, secret: str = SECRET) -> str:
    digest = hmac.new(secret.encode(), f"{milliseconds}\n{secret}".encode(), hashlib.sha256).digest()
    return f"&timestamp={milliseconds}&sign={quote(base64.b64encode(digest), safe='')}"


async def codes(client: Client, path: str, body: Any, times: int, key: str = "errcode") -> list[Any]:
    return [(await client.send("POST", path, body))[1][key] for _ in range(times)]


async def test_dingtalk_takes_twenty_messages_a_minute_and_is_mute_for_ten_after_one_more() -> None:
    clock = MovableClock()
    async with cloud(clock) as client:
        assert await codes(client, "/dingtalk/a", dingtalk(), 21) == [0] * 20 + [130101]
        _, refused = await client.send("POST", "/dingtalk/a", dingtalk())
        assert (refused["punish"], refused["wait"]) == ("deny", 600)
        assert await codes(client, "/robot/send?access_token=other", dingtalk(), 1) == [0]
        clock.forward(minutes=9, seconds=59)
        assert await codes(client, "/dingtalk/a", dingtalk(), 1) == [130101]
        clock.forward(seconds=1)
        assert await codes(client, "/dingtalk/a", dingtalk(), 1) == [0]


@pytest.mark.parametrize(("minutes", "code"), [(0, 0), (60, 0), (-60, 0), (61, 310000), (-61, 310000)])
async def test_a_signature_of_dingtalk_is_good_for_an_hour(minutes: int, code: int) -> None:
    async with cloud(MovableClock()) as client:
        client.sim.robots.configure("dingtalk/signed", {"secret": SECRET})
        stamp = int(START.timestamp() * 1000) + minutes * 60_000
        path = f"/robot/send?access_token=signed{signed(stamp)}"
        assert await codes(client, path, dingtalk(), 1) == [code]
        assert await codes(client, "/robot/send?access_token=signed", dingtalk(), 1) == [310000]
        assert await codes(client, f"/robot/send?access_token=signed{signed(stamp, 'x')}", dingtalk(), 1) == [310000]


@pytest.mark.parametrize(
    ("body", "code"),
    [(dingtalk("x" * 20_000), 460101), ({}, 40035), ({"msgtype": "poem"}, 40035), (dingtalk(""), 40035)],
)
async def test_dingtalk_refuses_what_is_too_long_or_no_message(body: Any, code: int) -> None:
    async with cloud() as client:
        assert await codes(client, "/dingtalk/a", body, 1) == [code]
        assert await codes(client, "/robot/send", dingtalk(), 1) == [300001]


async def test_a_robot_may_ask_for_a_keyword() -> None:
    async with cloud() as client:
        for kind in ("dingtalk", "feishu"):
            client.sim.robots.configure(f"{kind}/word", {"keyword": "告警"})
        assert await codes(client, "/dingtalk/word", dingtalk("x"), 1) == [310000]
        assert await codes(client, "/dingtalk/word", dingtalk("x 告警"), 1) == [0]
        assert await codes(client, "/feishu/word", feishu_text("x"), 1, "code") == [19024]
        assert await codes(client, "/feishu/word", feishu_text("告警"), 1, "code") == [0]
        for kind in ("wecom", "teams"):
            status, answer = await client.send("POST", f"/_sim/robots/{kind}/a", {"keyword": "x"})
            assert (status, "asks for no keywords" in answer["error"]) == (400, True)


def wecom(text: str) -> dict[str, Any]:
    return {"msgtype": "markdown", "markdown": {"content": text}}


async def test_wecom_counts_bytes_and_twenty_messages_a_minute() -> None:
    clock = MovableClock()
    async with cloud(clock) as client:
        assert await codes(client, "/wecom/a", wecom("异" * 1365), 1) == [0]
        assert await codes(client, "/wecom/a", wecom("异" * 1366), 1) == [40058]
        assert await codes(client, "/cgi-bin/webhook/send?key=a", wecom("x"), 20) == [0] * 19 + [45009]
        clock.forward(minutes=1)
        assert await codes(client, "/wecom/a", wecom("x"), 1) == [0]


async def asked(client: Client, path: str, body: Any, **headers: str) -> tuple[int, str, dict[str, str]]:
    url = client.credentials.url + path
    async with client.session.post(url, data=json.dumps(body), headers=headers) as reply:
        return reply.status, await reply.text(), dict(reply.headers)


async def test_slack_takes_a_message_a_second_in_a_channel_and_says_when_to_come_again() -> None:
    clock = MovableClock()
    bearer = {"Authorization": "Bearer xoxb"}
    async with cloud(clock) as client:
        post, update = "/slack/demo/api/chat.postMessage", "/slack/demo/api/chat.update"
        _, first, _ = await asked(client, post, {"channel": "#a", "text": "x"}, **bearer)
        status, refused, headers = await asked(client, post, {"channel": "#a", "text": "x"}, **bearer)
        assert (status, json.loads(refused)["error"], headers["Retry-After"]) == (429, "ratelimited", "1")
        told = json.loads(first)
        changed = {"channel": told["channel"], "ts": told["ts"], "text": "y"}
        assert json.loads((await asked(client, update, changed, **bearer))[1])["ok"] is True
        unknown = {**changed, "ts": "1.1"}
        assert json.loads((await asked(client, update, unknown, **bearer))[1])["error"] == "message_not_found"
        assert json.loads((await asked(client, post, {"channel": "#a", "text": "x"}))[1])["error"] == "not_authed"
        assert json.loads((await asked(client, post, {"channel": "#a"}, **bearer))[1])["error"] == "no_text"
        [seen] = client.sim.inbox.seen(robot="slack")
        assert seen.summary == "y"
        assert (await asked(client, "/services/T/B/hook", {"text": "x"}))[:2] == (200, "ok")
        assert (await asked(client, "/services/T/B/hook", {}))[:2] == (400, "no_text")


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


@pytest.mark.parametrize(
    ("blocks", "error"),
    [
        ([section("x" * 3000)], ""),
        ([section("x" * 3001)], "invalid_blocks"),
        ([section("x")] * 51, "invalid_blocks"),
        ([section("x" * 2900)] * 5, "msg_blocks_too_long"),
        ([{"type": "header", "text": {"text": "x" * 151}}], "invalid_blocks"),
        ([{"type": "poem"}], "invalid_blocks"),
    ],
)
async def test_slack_refuses_blocks_beyond_its_limits(blocks: list[Any], error: str) -> None:
    async with cloud() as client:
        body = {"channel": "a", "text": "x", "blocks": blocks}
        _, answer, _ = await asked(client, "/slack/d/api/chat.postMessage", body, Authorization="Bearer x")
        assert json.loads(answer).get("error", "") == error


def adaptive(text: str) -> dict[str, Any]:
    content = {"type": "AdaptiveCard", "body": [{"type": "TextBlock", "text": text}]}
    return {"attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": content}]}


async def test_teams_accepts_four_a_second_and_nothing_large() -> None:
    async with cloud(MovableClock()) as client:
        statuses = [(await asked(client, "/teams/a", adaptive("x")))[0] for _ in range(5)]
        assert statuses == [202] * 4 + [429]
        assert (await asked(client, "/teams/b", adaptive("x" * 28_700)))[0] == 413
        assert (await asked(client, "/teams/b", {"text": "x"}))[0] == 400


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ("<b>x</b> &lt;y&gt;", 200, ""),
        ("<b>x", 400, "can't parse entities"),
        ("<b>x</i>", 400, "can't parse entities"),
        ("<script>x</script>", 400, "can't parse entities"),
        ("", 400, "message text is empty"),
        ("x" * 4097, 400, "message is too long"),
        ("😀" * 2049, 400, "message is too long"),
        ("<b>" + "x" * 4096 + "</b>", 200, ""),
    ],
)
async def test_telegram_parses_its_html_and_counts_its_letters(text: str, status: int, words: str) -> None:
    async with cloud() as client:
        body = {"chat_id": "1", "text": text, "parse_mode": "HTML"}
        answered, answer = await client.send("POST", "/bot1:a/sendMessage", body)
        assert (answered, words in answer.get("description", "")) == (status, True)


async def test_telegram_takes_twenty_messages_a_minute_in_a_chat_and_edits_what_it_has() -> None:
    async with cloud(MovableClock()) as client:
        body = {"chat_id": "1", "text": "x"}
        statuses = [(await client.send("POST", "/bot1:a/sendMessage", body))[0] for _ in range(21)]
        assert statuses == [200] * 20 + [429]
        _, refused = await client.send("POST", "/bot1:a/sendMessage", body)
        assert refused["parameters"] == {"retry_after": 17}
        edit = {"chat_id": "1", "message_id": 1, "text": "y"}
        assert (await client.send("POST", "/bot1:a/editMessageText", edit))[0] == 200
        _, same = await client.send("POST", "/bot1:a/editMessageText", edit)
        assert same["description"].endswith("message is not modified")
        _, gone = await client.send("POST", "/bot1:a/editMessageText", {**edit, "message_id": 99})
        assert gone["description"].endswith("message to edit not found")
        assert client.sim.inbox.seen()[0].summary == "y"


async def test_discord_limits_five_requests_in_two_seconds_and_the_size_of_an_embed() -> None:
    async with cloud(MovableClock()) as client:
        statuses = [(await client.send("POST", "/api/webhooks/1/t", {"content": "x"}))[0] for _ in range(6)]
        assert statuses == [204] * 5 + [429]
        for embed in ({"title": "x" * 257}, {"description": "x" * 4097}):
            status, answer = await client.send("POST", "/api/webhooks/2/t?wait=true", {"embeds": [embed]})
            assert (status, answer["code"]) == (400, 50035)
        _, made = await client.send("POST", "/api/webhooks/2/t?wait=true", {"content": "x"})
        assert (await client.send("PATCH", f"/api/webhooks/2/t/messages/{made['id']}", {"content": "y"}))[0] == 200
        assert (await client.send("PATCH", "/api/webhooks/2/t/messages/7", {"content": "y"}))[1]["code"] == 10008
        client.sim.robots.configure("discord/2", {"secret": "other"})
        assert (await client.send("POST", "/api/webhooks/2/t", {"content": "x"}))[1]["code"] == 50027


def event(**changes: Any) -> dict[str, Any]:
    payload = {"summary": "s", "source": "o", "severity": "critical"}
    return {"routing_key": "k", "event_action": "trigger", "dedup_key": "d", "payload": payload, **changes}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (event(), ""),
        (event(event_action="acknowledge", payload={}), ""),
        (event(event_action="resolve", payload={}), ""),
        (event(routing_key=""), "'routing_key'"),
        (event(event_action="shout"), "'event_action'"),
        (event(dedup_key="x" * 256), "'dedup_key'"),
        (event(payload={"summary": "x" * 1025}), "'payload.summary'"),
        (event(payload={"summary": "x", "source": "o", "severity": "awful"}), "'payload.severity'"),
        ([], "'routing_key'"),
    ],
)
async def test_pagerduty_names_what_is_wrong_with_an_event(body: Any, error: str) -> None:
    async with cloud() as client:
        status, answer = await client.send("POST", "/pagerduty/a/v2/enqueue", body)
        assert status == (400 if error else 202)
        assert error in "".join(answer.get("errors", [""]))


async def test_an_incident_is_one_card_that_turns_green() -> None:
    async with cloud() as client:
        for action in ("trigger", "resolve"):
            await client.send("POST", "/pagerduty/a/v2/enqueue", event(event_action=action))
        [seen] = client.sim.inbox.seen()
        assert seen.card is not None
        assert (seen.card.colour, seen.place, seen.number) == ("green", 1, 2)


async def test_smn_wants_credentials_and_a_message_within_its_limits() -> None:
    async with cloud() as client:
        project = client.credentials.project_id
        path = f"/v2/{project}/notifications/topics/urn%3Asmn%3Acn-north-4%3A{project}%3At/publish"

        async def published(body: Any, headers: dict[str, str]) -> tuple[int, Any]:
            async with client.session.post(client.credentials.url + path, json=body, headers=headers) as reply:
                return reply.status, await reply.json()

        assert (await published({"message": "x"}, {}))[0] == 401
        status, answer = await published({"subject": "s", "message": "x"}, client.token())
        assert (status, len(answer["message_id"])) == (200, 32)
        for wrong in ({"message": ""}, {"subject": "异" * 171, "message": "x"}, {"message_structure": "{"}):
            assert (await published(wrong, client.token()))[1]["code"] == "SMN.0021"
        sms = json.dumps({"default": "x", "sms": "[x]"})
        assert (await published({"message_structure": sms}, client.token()))[1]["code"] == "SMN.0021"


@pytest.mark.parametrize("kind", ["wecom", "teams", "telegram", "pagerduty", "alertmanager", "smn"])
async def test_robots_without_signatures_take_no_secret(kind: str) -> None:
    async with cloud() as client:
        status, answer = await client.send("POST", f"/_sim/robots/{kind}/a", {"secret": "s"})
        assert (status, "checks no signatures" in answer["error"]) == (400, True)


@pytest.mark.parametrize(
    "kind", ["dingtalk", "dingtalk-app", "wecom", "slack", "teams", "telegram", "discord", "pagerduty", "smn"]
)
async def test_a_refusal_that_a_chat_does_not_know_is_named(kind: str) -> None:
    async with cloud() as client:
        status, answer = await client.send("POST", f"/_sim/robots/{kind}", {"refuse": "nonsense"})
        assert status == 400
        assert "nonsense" in answer["error"]
