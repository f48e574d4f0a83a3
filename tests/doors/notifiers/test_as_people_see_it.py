"""Messages of the notifiers in the simulated robots: accepted by an independent judge, and seen letter by letter."""

from __future__ import annotations

import dataclasses
from typing import Any

import aiohttp
import pytest
from notifier_kinds import BY_NAME, KINDS, Kind
from notifier_samples import NOW, ORDERS, crowded, message, tools

from monitor.message import Message
from monitor.notification import Reason
from monitor.notifiers import Outcome, Verdict
from monitor.simulator import Scenario, Simulator, SimulatorOptions
from monitor.simulator.robots.everyone import everyone
from monitor.simulator.robots.smn import SmnTopics

CHATS = [kind for kind in KINDS if kind.robot not in ("webhook", "alertmanager")]
ROBOTS: dict[str, Any] = {robot.kind: robot for robot in (*everyone("demo", "s"), SmnTopics())}
every_chat = pytest.mark.parametrize("kind", CHATS, ids=lambda kind: kind.name)
SIGNED = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TRICKY = [
    "a<b & c>d",
    "billing_[eu]<1> *bold* _it_ ~~gone~~",
    "[click](https://evil.example)",
    "<at id=all></at> <@U123> @everyone @here",
    "<font color='red'>x</font> <script>alert(1)</script>",
    "&lt;b&gt; &amp; &#60;",
    "**not bold** __nor this__ ||spoiler||",
    "back\\slash and quotes \" ' „“",
    "异常任务 😀👩‍👩‍👧 مهمة فاشلة",
    "# heading > quote - list 1. item",
]


def seen(kind: Kind, said: Message) -> str:
    """The words on the card that people see."""
    body = kind.notifier("https://example.com", tools()).payload(said)
    card = ROBOTS[kind.robot].card(body)
    return f"{card.title} {' '.join(card.body.striptags().split())}".replace("\u2060", "")


@every_chat
@pytest.mark.parametrize("text", TRICKY)
def test_what_the_policy_says_is_seen_letter_by_letter(kind: Kind, text: str) -> None:
    alert = dataclasses.replace(ORDERS, annotations={"summary": text})
    assert text in seen(kind, message(alerts=(alert, ORDERS)))


ALPHABETS = ["x", "异", "😀", "*<_[`\\&>]~|", "**bold** [a](b) ", "خطأ "]


@pytest.mark.parametrize("kind", [kind for kind in CHATS if kind.name != "pagerduty"], ids=lambda kind: kind.name)
@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_what_does_not_fit_is_cut_at_a_character_and_counted(kind: Kind, alphabet: str) -> None:
    """Whatever is seen of an alert is its beginning, letter by letter, and an ellipsis where that is not all of it."""
    for length in (40, 90, 170, 300, 499):
        told = {f"№{n:02}": f"№{n:02} {alphabet * length}"[:length].strip() for n in range(12)}
        alerts = tuple(dataclasses.replace(ORDERS, key=name, annotations={"summary": told[name]}) for name in told)
        words = seen(kind, message(Reason.MORE, alerts=alerts))
        shown = [name for name in told if name in words]
        for name in shown:
            wanted = told[name].replace("`", "'") if kind.name == "wecom" else told[name]
            tail = words[words.index(name) :]
            same = next(
                (n for n, pair in enumerate(zip(tail, wanted, strict=False)) if pair[0] != pair[1]), len(wanted)
            )
            after = "…" if same < len(wanted) else "abnormal 17"
            assert tail[same:].lstrip().startswith(after), (length, tail[: length + 20])
        assert f"+{12 - len(shown)} more" in words, (length, shown)


@pytest.mark.parametrize("kind", [kind for kind in CHATS if kind.name != "pagerduty"], ids=lambda kind: kind.name)
def test_a_card_says_everything_in_the_order_in_which_it_is_needed(kind: Kind) -> None:
    """An incident of PagerDuty apart, whose title has the worst alert in it."""
    words = seen(kind, message(Reason.MORE))
    wanted = ["FIRING critical", "cdc-tasks-abnormal", "+1 new, 1 unchanged; worst: billing_[eu]<1> 4 → 9"]
    wanted += ["17 tasks abnormal on orders", "abnormal 17", "since 10:01:00", "abnormal 4 → 9", "id 9f3c2b1a"]
    places = [words.find(text) for text in wanted]
    assert -1 not in places, (words, places)
    assert places == sorted(places)


@pytest.mark.parametrize("kind", [kind for kind in CHATS if kind.name != "pagerduty"], ids=lambda kind: kind.name)
def test_the_title_stands_over_the_card(kind: Kind) -> None:
    for reason in (Reason.FIRST, Reason.ALL_RESOLVED):
        card = ROBOTS[kind.robot].card(kind.notifier("https://example.com", tools()).payload(message(reason)))
        title = card.title.replace("\u2060", "")
        assert title == message(reason).title


@every_chat
@pytest.mark.parametrize("reason", Reason)
def test_the_colour_is_that_of_the_state(kind: Kind, reason: Reason) -> None:
    body = kind.notifier("https://example.com", tools()).payload(message(reason))
    robot = ROBOTS[kind.robot]
    over = reason is Reason.ALL_RESOLVED
    usual = "orange" if kind.name == "wecom" else "red"
    firing = "yellow" if reason is Reason.ACKNOWLEDGED and kind.name == "pagerduty" else usual
    assert robot.card(body).colour == ("green" if over else firing)


@every_chat
def test_chinese_is_spoken_where_it_is_wanted(kind: Kind) -> None:
    words = seen(kind, message(Reason.MORE, language="zh"))
    assert "[告警 严重]" in words
    assert "新增 1" in words


async def sent(kind: Kind, said: Message, *, wanted: str = "", **options: Any) -> tuple[Verdict, list[Any]]:
    """The verdict of a real robot of the simulated cloud, and what it kept. It may want a keyword."""
    chosen = SimulatorOptions(instances=0, scenario=Scenario(), clock=lambda: NOW)
    async with aiohttp.ClientSession() as session, Simulator(chosen) as simulator:
        given = address_of(kind, simulator) | options
        if wanted:
            simulator.robots.configure(f"{kind.robot}/demo", {"keyword": wanted})
        verdict = await kind.notifier(simulator.url, tools(session), **given).send(said)
        return verdict, simulator.messages()


@pytest.mark.parametrize("kind", [kind for kind in CHATS if kind.name != "smn"], ids=lambda kind: kind.name)
@pytest.mark.parametrize("letter", ["x", "异", "*", "😀"])
async def test_the_longest_alert_that_is_alone_is_taken_with_its_fields(kind: Kind, letter: str) -> None:
    added_up = {f"max({letter * 70}{number})": 1e9 + number for number in range(30)}
    notes = {"summary": letter * 2000, "tasks": ", ".join([letter * 90] * 10), "runbook": f"https://w/{'r' * 980}"}
    long = dataclasses.replace(
        ORDERS, annotations=notes, values={**ORDERS.values, **added_up}, acknowledged_by=letter * 200
    )
    verdict, kept = await sent(kind, message(Reason.FIRST, alerts=(long,)))
    assert (verdict.outcome, [one.verdict for one in kept]) == (Outcome.DELIVERED, ["accepted"]), verdict.reason
    if kind.name == "discord":
        assert "acknowledge" in str(kept[0].body), "links that are too long for a field stand in the text"


def address_of(kind: Kind, simulator: Simulator) -> dict[str, Any]:
    """The options that lead to the robot, and make it check what it checks."""
    url, secret = simulator.url, simulator.credentials.feishu_secret
    match kind.name:
        case "feishu" | "lark":
            return {"webhook": simulator.credentials.feishu_webhook, "secret": secret}
        case "dingtalk" | "dingtalk-card":
            return {"webhook": f"{url}/robot/send?access_token=demo", "secret": secret}
        case "dingtalk-app":
            simulator.robots.configure("dingtalk-app/demo", {"secret": "app-secret"})
            return {"base_url": f"{url}/dingtalk-app/demo", "app_secret": "app-secret"}
        case "slack-bot":
            simulator.robots.configure("slack/demo", {"secret": "xoxb"})
            return {"base_url": f"{url}/slack/demo/api", "token": "xoxb"}
        case "pagerduty":
            return {"base_url": f"{url}/pagerduty/demo"}
        case "alertmanager":
            return {"urls": [f"{url}/alertmanager/a", f"{url}/alertmanager/b"]}
        case "webhook":
            simulator.robots.configure("webhook/demo", {"secret": SIGNED})
            return {"url": f"{url}/webhook/demo", "secret": SIGNED}
        case "webhook-own":
            return {"url": f"{url}/webhook/demo"}
        case _:
            return {}


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.name not in ("smn", "webhook-own")], ids=lambda kind: kind.name
)
@pytest.mark.parametrize("text", ["short", '异<*\\"😀' * 90])
async def test_the_robots_take_what_the_notifiers_send(kind: Kind, text: str) -> None:
    verdict, kept = await sent(kind, crowded(text, 12))
    assert verdict.outcome is Outcome.DELIVERED, (verdict, kept)
    assert {one.verdict for one in kept} == {"accepted"}


@pytest.mark.parametrize("name", ["feishu", "dingtalk", "dingtalk-card", "webhook"])
@pytest.mark.parametrize("secret", ["guessed", ""])
async def test_the_robots_refuse_a_wrong_signature(name: str, secret: str) -> None:
    verdict, kept = await sent(BY_NAME[name], message(), secret=secret)
    assert verdict.outcome is Outcome.REFUSED
    assert "signature" in f"{verdict.reason} {kept[0].reason}"
    assert [one.verdict for one in kept] == ["refused"]


@pytest.mark.parametrize(
    ("name", "at", "mentioned"),
    [
        ("feishu", ["all"], "@所有人"),
        ("dingtalk", ["13800000000", "all"], "@13800000000"),
        ("wecom", ["zhangsan"], "@zhangsan"),
        ("slack-bot", ["U012AB3CD"], "@U012AB3CD"),
        ("slack-webhook", ["here"], "@here"),
        ("teams", ["ann@example.com"], "@ann@example.com"),
        ("telegram", ["ann_ops"], "@ann_ops"),
        ("discord", ["1234567890"], "@1234567890"),
    ],
)
def test_people_are_called_for_what_is_new_and_never_for_what_is_over(name: str, at: list[str], mentioned: str) -> None:
    kind = BY_NAME[name]
    notifier = kind.notifier("https://example.com", tools(), at=at)
    robot = ROBOTS[kind.robot]
    for reason in Reason:
        card = robot.card(notifier.payload(message(reason)))
        called = reason not in (Reason.SOME_RESOLVED, Reason.ALL_RESOLVED, Reason.REPEAT, Reason.ACKNOWLEDGED)
        assert (mentioned in card.body.striptags()) is called, reason


@pytest.mark.parametrize("name", ["feishu", "dingtalk", "dingtalk-card"])
@pytest.mark.parametrize("reason", Reason)
async def test_a_robot_that_asks_for_a_keyword_takes_every_message(name: str, reason: Reason) -> None:
    refused, _ = await sent(BY_NAME[name], message(reason), wanted="运维")
    taken, _ = await sent(BY_NAME[name], message(reason), wanted="运维", keyword="运维")
    assert (refused.outcome, taken.outcome) == (Outcome.REFUSED, Outcome.DELIVERED)


def test_a_keyword_that_the_robot_asks_for_stands_in_every_message() -> None:
    for name in ("dingtalk", "dingtalk-card"):
        notifier = BY_NAME[name].notifier("https://example.com", tools(), keyword="运维")
        for reason in Reason:
            body = notifier.payload(message(reason))
            assert "运维" in str(body)
    plain = BY_NAME["dingtalk"].notifier("https://example.com", tools()).payload(message())
    same = BY_NAME["dingtalk"].notifier("https://example.com", tools(), keyword="FIRING").payload(message())
    assert plain == same
