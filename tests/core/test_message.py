"""Notifications in words: literal notifications in, literal text out."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.message import FULL, Colour, Message, plain, render
from monitor.model import Cause, Severity
from monitor.notification import AlertView, Change, Notification, Reason
from monitor.wording import LANGUAGES, wording
from monitor.writing import clean

SHANGHAI = ZoneInfo("Asia/Shanghai")

ORDERS = AlertView(
    key="a1",
    labels={"alertname": "cdc-tasks-abnormal", "account": "prod", "instance": "orders", "severity": "critical"},
    annotations={"summary": "5 CDC tasks abnormal on orders", "runbook": "https://wiki.example.com/fdi"},
    severity=Severity.CRITICAL,
    firing=True,
    change=Change.NEW,
    started_at=datetime(2026, 1, 5, 2, 1, tzinfo=UTC),
    values={"abnormal": 17.0, "common.abnormal": 12.0, "cdc.abnormal": 5.0, "running": 40.0, "completed": 0.0},
    values_at=datetime(2026, 1, 5, 2, 4, 57, tzinfo=UTC),
)
GREW = dataclasses.replace(
    ORDERS,
    change=Change.SAME,
    values_before={"abnormal": 9.0, "common.abnormal": 6.0, "cdc.abnormal": 3.0, "running": 48.0, "completed": 0.0},
)
HEALED = dataclasses.replace(
    ORDERS,
    firing=False,
    change=Change.RESOLVED,
    cause=Cause.CLEARED,
    resolved_at=datetime(2026, 1, 5, 2, 4, 57, tzinfo=UTC),
    values={"abnormal": 0.0, "common.abnormal": 0.0, "cdc.abnormal": 0.0, "running": 57.0},
    values_before={"abnormal": 17.0, "common.abnormal": 12.0, "cdc.abnormal": 5.0, "running": 40.0},
)
FIRST = Notification(
    id="9f3c2b1a77aa",
    receiver="oncall",
    group_key='{}:{alertname="cdc-tasks-abnormal"}',
    group_labels={"alertname": "cdc-tasks-abnormal"},
    reason=Reason.FIRST,
    at=datetime(2026, 1, 5, 2, 5, tzinfo=UTC),
    alerts=(ORDERS,),
)


def named(alert: AlertView, instance: str, **changes: object) -> AlertView:
    return dataclasses.replace(alert, key=instance, labels={**alert.labels, "instance": instance}, **changes)  # type: ignore[arg-type]


def about(*alerts: AlertView, reason: Reason = Reason.MORE) -> Notification:
    return dataclasses.replace(FIRST, alerts=alerts, reason=reason)


def english(notification: Notification) -> Message:
    return render(notification, language="en", zone=UTC)


def test_a_single_alert_is_told_plainly() -> None:
    assert plain(render(FIRST, language="en", zone=UTC, public_url="https://fdi.example.com/")) == (
        "[FIRING critical] cdc-tasks-abnormal · prod · orders\n"
        "5 CDC tasks abnormal on orders\n"
        "  abnormal 17 (common 12, CDC 5), running 40\n"
        "  since 02:01:00 (4m)\n"
        "  runbook: https://wiki.example.com/fdi\n"
        "details: https://fdi.example.com/alerts/a1\n"
        "sent 2026-01-05 02:05:00 +00:00 · id 9f3c2b1a"
    )


@pytest.mark.parametrize(
    ("tasks", "english_line", "chinese_line"),
    [
        ("sync-orders, 订单同步", "broken: sync-orders, 订单同步", "异常任务：sync-orders, 订单同步"),
        ("a, b, +3 more", "broken: a, b, +3 more", "异常任务：a, b，另有 3 项"),
        ("a, +b more", "broken: a, +b more", "异常任务：a, +b more"),
        ("+3 more", "broken: +3 more", "异常任务：+3 more"),
        ("two\nlines", "broken: two lines", "异常任务：two lines"),
    ],
)
def test_broken_tasks_are_named_where_they_are_known(tasks: str, english_line: str, chinese_line: str) -> None:
    named = dataclasses.replace(ORDERS, annotations={**ORDERS.annotations, "tasks": tasks})
    assert english(about(named)).entries[0].details[1] == english_line
    assert render(about(named), language="zh", zone=UTC).entries[0].details[1] == chinese_line
    assert english(about(ORDERS)).entries[0].details[1].startswith("since")


def test_what_is_over_names_no_broken_tasks() -> None:
    named = dataclasses.replace(HEALED, annotations={**HEALED.annotations, "tasks": "sync-orders"})
    assert plain(english(about(named))) == plain(english(about(HEALED)))


def test_a_chinese_message_is_chinese_throughout_and_on_local_clocks() -> None:
    assert plain(render(FIRST, language="zh", zone=SHANGHAI, public_url="https://fdi.example.com")) == (
        "[告警 严重] cdc-tasks-abnormal · prod · orders\n"
        "5 CDC tasks abnormal on orders\n"
        "  异常 17（普通 12，CDC 5），运行中 40\n"
        "  始于 10:01:00（已持续 4 分钟）\n"
        "  处理手册：https://wiki.example.com/fdi\n"
        "详情：https://fdi.example.com/alerts/a1\n"
        "发送于 2026-01-05 10:05:00 +08:00 · 编号 9f3c2b1a"
    )


def test_several_alerts_say_what_changed_before_anything_else() -> None:
    message = english(about(GREW, named(ORDERS, "billing"), named(HEALED, "stock")))
    assert message.title == "[FIRING critical] cdc-tasks-abnormal · prod (2)"
    assert message.delta == "+1 new, -1 resolved, 1 unchanged; worst: orders 9 → 17"
    assert [entry.mark for entry in message.entries] == ["critical", "critical, new", ""]
    assert [line for line in plain(message).split("\n") if line.startswith("*")] == [
        "* [critical] 5 CDC tasks abnormal on orders",
        "* [critical, new] 5 CDC tasks abnormal on orders",
        "* Over: 5 CDC tasks abnormal on orders",
    ]


def test_several_alerts_in_chinese() -> None:
    message = render(about(GREW, named(ORDERS, "billing"), named(HEALED, "stock")), language="zh", zone=SHANGHAI)
    assert message.title == "[告警 严重] cdc-tasks-abnormal · prod (2)"
    assert message.delta == "新增 1，恢复 1，不变 1；最严重：orders 9 → 17"
    assert [entry.mark for entry in message.entries] == ["严重", "严重，新增", ""]
    assert "\n* 已恢复：5 CDC tasks abnormal on orders\n" in plain(message)
    assert message.entries[0].details[0] == "异常 9 → 17（普通 6 → 12，CDC 3 → 5），运行中 48 → 40"


def test_only_what_is_there_is_said_of_the_change() -> None:
    assert english(about(ORDERS, named(ORDERS, "billing"), reason=Reason.FIRST)).delta == "+2 new"


def test_the_worst_is_the_gravest_that_grew_not_the_largest() -> None:
    large = named(GREW, "large", severity=Severity.WARNING, values={"abnormal": 900.0}, values_before={"abnormal": 1.0})
    assert english(about(large, GREW)).delta == "2 unchanged; worst: orders 9 → 17"


def test_a_resolved_alert_does_not_count_as_the_worst() -> None:
    gone = named(GREW, "gone", firing=False, change=Change.RESOLVED)
    assert "worst" not in english(about(ORDERS, gone)).delta


def test_counts_show_before_and_after_where_they_moved() -> None:
    details = english(about(GREW)).entries[0].details
    assert details[0] == "abnormal 9 → 17 (common 6 → 12, CDC 3 → 5), running 48 → 40"


def test_a_count_known_by_kind_only_is_told_by_kind() -> None:
    alert = dataclasses.replace(ORDERS, values={"cdc.abnormal": 3.0}, values_before={"cdc.abnormal": 1.0})
    assert english(about(alert)).entries[0].details[0] == "CDC abnormal 1 → 3"


def test_terminated_tasks_are_told_as_soon_as_there_are_any() -> None:
    alert = dataclasses.replace(
        ORDERS, values={"abnormal": 0.0, "terminated": 3.0}, values_before={"abnormal": 0.0, "terminated": 0.0}
    )
    message = english(about(alert, named(ORDERS, "billing")))
    assert message.entries[0].details[0] == "abnormal 0, terminated 0 → 3"
    assert message.delta.endswith("worst: orders 0 → 3")


def test_a_resolved_message_carries_the_sample_that_proves_it() -> None:
    message = english(about(HEALED, reason=Reason.ALL_RESOLVED))
    assert plain(message) == (
        "[RESOLVED] cdc-tasks-abnormal · prod · orders\n"
        "Over: 5 CDC tasks abnormal on orders\n"
        "  abnormal 17 → 0 (common 12 → 0, CDC 5 → 0), running 40 → 57; sampled 3s ago\n"
        "  02:01:00 to 02:04:57 (lasted 3m 57s)\n"
        "  runbook: https://wiki.example.com/fdi\n"
        "sent 2026-01-05 02:05:00 +00:00 · id 9f3c2b1a"
    )


def test_a_group_tells_what_its_rule_adds_up() -> None:
    group = dataclasses.replace(
        HEALED,
        labels={"alertname": "many", "account": "prod", "severity": "critical"},
        annotations={},
        values={"count(abnormal > 0)": 1.0, "max(age)": 30.0, "max(latency)": 0.25},
        values_before={"count(abnormal > 0)": 5.0, "max(age)": 250.4},
    )
    [entry] = english(about(group)).entries
    assert entry.details[0] == ("count(abnormal > 0) 5 → 1, max(age) 4m 10s → 30s, max(latency) 0.25s; sampled 3s ago")
    [entry] = render(about(group), language="zh", zone=SHANGHAI).entries
    assert "max(age) 4 分钟 10 秒 → 30 秒" in entry.details[0]


def test_a_resolved_message_in_chinese() -> None:
    message = render(about(HEALED, reason=Reason.ALL_RESOLVED), language="zh", zone=SHANGHAI)
    assert plain(message) == (
        "[已恢复] cdc-tasks-abnormal · prod · orders\n"
        "已恢复：5 CDC tasks abnormal on orders\n"
        "  异常 17 → 0（普通 12 → 0，CDC 5 → 0），运行中 40 → 57；采样于 3 秒前\n"
        "  10:01:00 至 10:04:57（持续 3 分钟 57 秒）\n"
        "  处理手册：https://wiki.example.com/fdi\n"
        "发送于 2026-01-05 10:05:00 +08:00 · 编号 9f3c2b1a"
    )


@pytest.mark.parametrize(
    ("alerts", "ending"),
    [
        ((ORDERS, HEALED), "prod · orders"),
        ((ORDERS, HEALED, HEALED), "prod · orders"),
        ((ORDERS, ORDERS, HEALED), "prod · orders (2)"),
        ((HEALED,), "prod · orders"),
        ((HEALED, HEALED), "prod · orders (2)"),
    ],
)
def test_the_title_counts_what_fires_or_what_is_over_where_there_are_several(
    alerts: tuple[AlertView, ...], ending: str
) -> None:
    assert english(about(*alerts)).title.endswith(ending)


def test_an_alert_that_is_over_says_so_without_a_summary_too() -> None:
    bare = about(dataclasses.replace(HEALED, annotations={}), reason=Reason.ALL_RESOLVED)
    assert english(bare).entries[0].headline == "Over: cdc-tasks-abnormal · orders"
    assert render(bare, language="zh", zone=SHANGHAI).entries[0].headline == "已恢复：cdc-tasks-abnormal · orders"


def test_a_moment_of_another_day_is_told_with_its_date_on_local_clocks() -> None:
    earlier = datetime(2026, 1, 4, 15, 59, 40, tzinfo=UTC)
    firing = about(dataclasses.replace(ORDERS, started_at=earlier))
    assert render(firing, language="en", zone=SHANGHAI).entries[0].details[-1] == "since 2026-01-04 23:59 (10h 5m)"
    midnight = about(dataclasses.replace(ORDERS, started_at=datetime(2026, 1, 4, 16, tzinfo=UTC)))
    assert render(midnight, language="en", zone=SHANGHAI).entries[0].details[-1] == "since 00:00:00 (10h 5m)"
    over = about(dataclasses.replace(HEALED, started_at=earlier), reason=Reason.ALL_RESOLVED)
    assert render(over, language="zh", zone=SHANGHAI).entries[0].details[-1] == (
        "2026-01-04 23:59 至 10:04:57（持续 10 小时 5 分钟）"
    )


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (Cause.RULE_REMOVED, "its rule"),
        (Cause.INSTANCE_REMOVED, "its instance"),
        (Cause.ACCOUNT_REMOVED, "its account"),
    ],
)
def test_an_administrative_end_never_looks_like_an_all_clear(cause: Cause, words: str) -> None:
    ended = about(dataclasses.replace(HEALED, cause=cause), reason=Reason.ALL_RESOLVED)
    [entry] = english(ended).entries
    assert entry.headline == "Ended: 5 CDC tasks abnormal on orders"
    assert entry.details == (
        f"ended because {words} was removed; no sample shows that it is well",
        "abnormal 17 → 0 (common 12 → 0, CDC 5 → 0), running 40 → 57",
        "02:01:00 to 02:04:57 (lasted 3m 57s)",
    )
    assert render(ended, language="zh", zone=SHANGHAI).entries[0].headline == "已结束：5 CDC tasks abnormal on orders"


POSTED = AlertView(
    key="posted-1",
    labels={"alertname": "DiskFull", "instance": "db-1", "severity": "page"},
    annotations={
        "summary": "磁盘已满",
        "description": "93 % of /data\nis used",
        "runbook_url": "https://r/1",
        "empty": "",
    },
    severity=Severity.CRITICAL,
    firing=True,
    change=Change.NEW,
    started_at=datetime(2026, 1, 5, 2, 1, tzinfo=UTC),
    source="http://prometheus:9090/graph?g0.expr=up",
)


def test_what_another_system_wrote_on_its_alert_is_told_with_where_it_leads() -> None:
    assert plain(english(about(POSTED, reason=Reason.FIRST))).splitlines()[:-1] == [
        "[FIRING critical] DiskFull · db-1",
        "磁盘已满",
        "  description: 93 % of /data is used",
        "  http://prometheus:9090/graph?g0.expr=up",
        "  since 02:01:00 (4m)",
        "  runbook: https://r/1",
    ]


def test_an_endless_list_of_annotations_is_cut() -> None:
    many = dataclasses.replace(POSTED, annotations={f"name-{n}": "x" * 5000 for n in range(50)})
    [entry] = english(about(many)).entries
    assert len(entry.details) == 7
    assert max(map(len, entry.details)) < 600


@pytest.mark.parametrize(("cause", "headline"), [(Cause.ENDED, "Over: 磁盘已满"), (Cause.TIMED_OUT, "Ended: 磁盘已满")])
def test_only_an_end_that_its_source_told_is_an_all_clear(cause: Cause, headline: str) -> None:
    end = datetime(2026, 1, 5, 2, 4, 57, tzinfo=UTC)
    over = dataclasses.replace(POSTED, firing=False, change=Change.RESOLVED, cause=cause, resolved_at=end)
    [entry] = english(about(over)).entries
    assert entry.headline == headline
    assert any("nothing shows that it is well" in line for line in entry.details) is (cause is Cause.TIMED_OUT)


def test_an_instance_that_does_not_answer_says_for_how_long() -> None:
    silent = dataclasses.replace(ORDERS, values={"up": 0.0, "failures": 6.0, "age": 200.0})
    assert english(about(silent)).entries[0].details[0] == "polls failed in a row: 6, last good sample 3m 20s ago"


def test_an_instance_never_sampled_says_nothing_of_a_last_sample() -> None:
    silent = dataclasses.replace(ORDERS, values={"up": 0.0, "failures": 6.0, "age": float("inf")})
    assert english(about(silent)).entries[0].details[0] == "polls failed in a row: 6"


def test_an_instance_that_answers_again_says_so() -> None:
    back = dataclasses.replace(HEALED, values={"up": 1.0, "abnormal": 0.0}, values_before={"up": 0.0, "failures": 6.0})
    assert english(about(back)).entries[0].details[0] == "answers again, abnormal 0; sampled 3s ago"


def test_a_sample_older_than_a_minute_is_told_as_a_span() -> None:
    old = dataclasses.replace(HEALED, values_at=datetime(2026, 1, 5, 2, 1, tzinfo=UTC))
    assert english(about(old)).entries[0].details[0].endswith("; sampled 4m ago")


def test_a_reminder_says_that_it_is_one() -> None:
    assert english(about(GREW, reason=Reason.REPEAT)).delta == "reminder: still firing"
    both = about(GREW, named(GREW, "billing"), reason=Reason.REPEAT)
    assert english(both).delta == "reminder: 2 unchanged; worst: orders 9 → 17"
    assert render(both, language="zh", zone=SHANGHAI).delta == "提醒：不变 2；最严重：orders 9 → 17"


def test_a_single_alert_that_got_worse_says_so() -> None:
    assert english(about(dataclasses.replace(GREW, change=Change.WORSE), reason=Reason.WORSE)).delta == "worse"


def test_a_test_message_is_marked_as_one() -> None:
    assert english(about(ORDERS, reason=Reason.TEST)).title == "[TEST critical] cdc-tasks-abnormal · prod · orders"


@pytest.mark.parametrize(
    ("severity", "colour"),
    [(Severity.CRITICAL, Colour.RED), (Severity.WARNING, Colour.ORANGE), (Severity.INFO, Colour.BLUE)],
)
def test_colour_follows_the_severity_not_the_words(severity: Severity, colour: Colour) -> None:
    alert = dataclasses.replace(ORDERS, severity=severity, annotations={"summary": "RESOLVED critical green"})
    message = english(about(alert))
    assert (message.colour, message.entries[0].colour) == (colour, colour)


def test_green_is_only_what_has_wholly_resolved() -> None:
    assert english(about(HEALED, named(HEALED, "stock"), reason=Reason.ALL_RESOLVED)).colour is Colour.GREEN
    mixed = english(about(dataclasses.replace(ORDERS, severity=Severity.WARNING), named(HEALED, "stock")))
    assert mixed.colour is Colour.ORANGE
    assert [entry.colour for entry in mixed.entries] == [Colour.ORANGE, Colour.GREEN]


def test_ten_alerts_are_told_and_the_others_counted() -> None:
    many = about(*(named(ORDERS, f"i{number:02}") for number in range(FULL + 3)), reason=Reason.FIRST)
    message = english(many)
    assert message.title.endswith(" (13)")
    assert (len(message.entries), message.hidden) == (10, 3)
    assert "\n+3 more\n" in plain(message)
    assert message.more(left_out=2) == "+5 more"
    assert render(many, language="zh", zone=UTC).more() == "另有 3 项"


def test_nothing_is_counted_where_all_is_told() -> None:
    assert english(about(ORDERS)).more() == ""


def test_several_rules_are_named_as_far_as_they_fit() -> None:
    alerts = [
        dataclasses.replace(ORDERS, key=name, labels={"alertname": name, "account": "prod"}) for name in ("a", "b", "c")
    ]
    assert english(about(*alerts)).title == "[FIRING critical] a, b +1 · prod (3)"


def test_an_alert_without_a_summary_is_told_by_its_names() -> None:
    assert english(about(dataclasses.replace(ORDERS, annotations={}))).entries[0].headline == (
        "cdc-tasks-abnormal · orders"
    )


def test_labels_cannot_break_a_line_or_drive_a_terminal() -> None:
    evil = named(ORDERS, "or\x1b[2Jders\nX: y\u202e", annotations={"summary": "a\r\nb\x07"})
    text = plain(english(about(evil)))
    assert evil.instance not in text
    assert all(line.isprintable() for line in text.split("\n"))
    assert "\na b\ufffd\n" in text


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown language 'fr': write one of en, zh"):
        render(FIRST, language="fr", zone=UTC)


def test_both_languages_have_words_for_the_same_things() -> None:
    first, *others = [wording(language) for language in LANGUAGES]
    for other in others:
        for table in ("severities", "changes", "causes", "counts"):
            assert getattr(other, table).keys() == getattr(first, table).keys()


numbers = st.dictionaries(
    st.sampled_from(["abnormal", "cdc.abnormal", "common.running", "terminated", "up", "failures", "age"]),
    st.floats(allow_nan=True, allow_infinity=True),
)


@given(
    language=st.sampled_from(LANGUAGES),
    summary=st.text(),
    values=numbers,
    before=numbers,
    firing=st.booleans(),
    cause=st.sampled_from(Cause),
    change=st.sampled_from(Change),
    reason=st.sampled_from(Reason),
)
def test_every_notification_has_words_on_single_printable_lines(
    language: str,
    summary: str,
    values: dict[str, float],
    before: dict[str, float],
    firing: bool,
    cause: Cause,
    change: Change,
    reason: Reason,
) -> None:
    alert = dataclasses.replace(
        ORDERS,
        annotations={"summary": summary},
        values=values,
        values_before=before,
        firing=firing,
        cause=cause,
        change=change,
    )
    notification = about(alert, named(alert, "billing"), reason=reason)
    message = render(notification, language=language, zone=SHANGHAI)
    assert message == render(notification, language=language, zone=SHANGHAI)
    texts = [message.title, message.delta, message.footer]
    texts += [text for entry in message.entries for text in (entry.headline, entry.mark, *entry.details)]
    assert all(text.isprintable() for text in texts)
    assert not any("->" in text for text in (message.delta, *message.entries[0].details))
    assert message.entries[0].headline


def test_alone_in_its_message_an_alert_has_its_numbers_and_moments_as_fields() -> None:
    grew = dataclasses.replace(GREW, acknowledged_by="王")
    [entry] = english(about(grew)).entries
    assert dict(entry.fields) == {
        "abnormal": "9 → 17 (common 6 → 12, CDC 3 → 5)",
        "running": "48 → 40",
        "since": entry.fields[2][1],
        "for": entry.fields[3][1],
        "acknowledged by": "王",
    }
    assert entry.details[-1] == "acknowledged by: 王"
    assert [one.fields for one in english(about(grew, ORDERS)).entries] == [(), ()]


def test_over_its_fields_are_the_proof_and_an_administrative_end_has_none() -> None:
    [entry] = render(about(HEALED), language="zh", zone=UTC).entries
    assert [name for name, _ in entry.fields] == ["异常", "运行中", "采样于", "开始", "结束", "持续"]
    [ended] = english(about(dataclasses.replace(HEALED, cause=Cause.RULE_REMOVED))).entries
    assert "sampled" not in dict(ended.fields)
    assert ended.prose == ("ended because its rule was removed; no sample shows that it is well",)


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("orders", 6, "orders"),
        ("orders", 5, "orde…"),
        ("ab👩‍👩‍👧cd", 6, "ab…"),
        ("ab👍🏽cd", 4, "ab…"),
        ("abe\u0301cd", 4, "ab…"),
        ("ab❤️cd", 4, "ab…"),
        ("\u0301" * 9, 5, "…"),
        ("异常任务很多", 4, "异常任…"),
    ],
)
def test_a_cut_is_never_inside_what_people_see_as_one_character(text: str, limit: int, cut: str) -> None:
    assert clean(text, limit) == cut
