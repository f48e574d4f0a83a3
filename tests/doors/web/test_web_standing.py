"""How instances stand, and the sentence that sums it up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from webrows import ILL, NOW, alert, instance, run

from monitor.model import Alert, Severity, State
from monitor.store.board import Seen
from monitor.store.outbox import Standing
from monitor.web.figures import Figure, figures
from monitor.web.headline import Headline, headline
from monitor.web.pages import clock
from monitor.web.standing import Level, current, tiles
from monitor.web.words import CHINESE, ENGLISH

WELL = Seen(instance("well"), run())
BROKEN = Seen(instance("broken"), run(ILL))
DOWN = Seen(instance("down"), run(None))
NEW = Seen(instance("new"))
QUIET = Seen(instance("quiet"), run(start=2000, end=1200))
EVERY_HOUR = Seen(instance("hourly"), run(start=9000, end=1800, polls=3))


def levels(seen: Sequence[Seen], live: Sequence[Alert] = ()) -> list[tuple[str, Level]]:
    return [(tile.seen.instance.name, tile.level) for tile in tiles(current(seen, at=NOW), live)]


def said(seen: Sequence[Seen], live: Sequence[Alert] = (), **more: int) -> Headline:
    tally = {("ops", Standing(state)): number for state, number in more.items()}
    return headline(tiles(current(seen, at=NOW), live), live, tally, [], ENGLISH)


def test_the_worst_stands_first() -> None:
    live = [
        replace(alert(instance("w")), severity=Severity.WARNING),
        alert(instance("c")),
        replace(alert(instance("i")), severity=Severity.INFO),
        alert(instance("p"), state=State.PENDING),
    ]
    seen = [WELL, NEW, QUIET, BROKEN, *(Seen(instance(name), run()) for name in "piwc"), DOWN]
    assert levels(seen, live) == [
        ("c", Level.CRITICAL),
        ("w", Level.WARNING),
        ("down", Level.DOWN),
        ("i", Level.INFO),
        ("p", Level.PENDING),
        ("broken", Level.ABNORMAL),
        ("quiet", Level.STALE),
        ("new", Level.NEW),
        ("well", Level.WELL),
    ]


def test_a_silent_instance_with_a_mere_pending_alert_stays_silent() -> None:
    assert levels([DOWN], [alert(instance("down"), state=State.PENDING)]) == [("down", Level.DOWN)]


def test_who_is_polled_seldom_is_not_taken_for_quiet() -> None:
    assert levels([EVERY_HOUR, WELL]) == [("hourly", Level.WELL), ("well", Level.WELL)]


def test_an_instance_that_alone_is_not_polled_for_an_hour_is_gone() -> None:
    gone = Seen(instance("gone"), run(start=9000, end=3700))
    assert levels([gone, WELL]) == [("well", Level.WELL)]


def test_when_nothing_is_polled_nothing_is_taken_for_gone() -> None:
    old = [Seen(instance(name), run(start=99_000, end=90_000, polls=300)) for name in ("a", "b")]
    assert levels(old) == [("a", Level.STALE), ("b", Level.STALE)]
    assert said(old).text == "No alert fires, but 2 of 2 instances are not polled"


@pytest.mark.parametrize(
    ("seen", "text", "level"),
    [
        ([], "No instance is known yet", Level.NEW),
        ([WELL], "The instance is well", Level.WELL),
        ([NEW], "1 instance waits for its first poll", Level.NEW),
        ([WELL, NEW], "1 of 2 instances are well, the others wait for their first poll", Level.NEW),
        ([WELL, BROKEN], "No alert fires, but 1 of 2 instances has abnormal tasks", Level.ABNORMAL),
        ([WELL, BROKEN, DOWN], "No alert fires, but 1 of 3 instances does not answer", Level.DOWN),
    ],
)
def test_without_an_alert_the_sentence_is_calm_only_if_everything_is_known_to_be_well(
    seen: Sequence[Seen], text: str, level: Level
) -> None:
    assert said(seen) == Headline(level, text)


def test_what_else_has_to_be_known_is_noted() -> None:
    live = [alert(instance("broken")), alert(instance("well"), state=State.PENDING)]
    assert said([WELL, BROKEN, DOWN, QUIET], live, waiting=2, sent=9) == Headline(
        Level.CRITICAL,
        "1 alert fires: critical on broken",
        (
            "1 alert is pending",
            "1 of 4 instances does not answer",
            "1 of 4 instances is not polled",
            "2 messages wait to be delivered",
        ),
    )


def test_an_alert_about_an_account_names_the_account() -> None:
    one = replace(alert(), instance=None, labels={"alertname": "many-hit", "account": "prod"})
    assert said([WELL], [one]).text == "1 alert fires: critical on prod"


def test_a_loop_that_hangs_outranks_everything() -> None:
    late = [("poller", timedelta(minutes=5)), ("courier", timedelta(seconds=90))]
    found = headline([], [], {}, late, ENGLISH)
    assert found.level is Level.CRITICAL
    assert (
        found.text
        == "What follows may be old: the poller has stood still for 5m and the courier has stood still for 1m 30s"
    )
    assert found.notes == ("No instance is known yet",)


def test_while_the_store_takes_no_writes_nothing_is_calm() -> None:
    found = headline(tiles(current([WELL], at=NOW), []), [], {}, [], ENGLISH, degraded=True)
    assert found.level is Level.CRITICAL
    assert found.text.startswith("What follows may be old: the store takes no writes")
    assert found.notes == ("The instance is well",)


def test_figures_tell_what_moved_the_bad_ones_first() -> None:
    values = {"common.running": 10.0, "common.abnormal": 2.0, "cdc.abnormal": 0.0, "cdc.terminated": 4.0, "up": 1.0}
    assert figures(replace(alert(), values=values), run(), ENGLISH) == (
        Figure("common abnormal", "2", "0", bad=True),
        Figure("CDC terminated", "4", "0", bad=True),
        Figure("common running", "10", "12"),
    )


def test_figures_without_a_before_tell_what_is_bad_now() -> None:
    assert figures(alert(), None, ENGLISH) == (
        Figure("common abnormal", "2", bad=True),
        Figure("CDC abnormal", "1", bad=True),
    )


def test_figures_of_a_group_are_what_its_rule_adds_up() -> None:
    group = replace(alert(), instance=None, values={"count(abnormal > 0)": 5.0, "max(age)": 250.4})
    assert figures(group, None, ENGLISH) == (Figure("count(abnormal > 0)", "5"), Figure("max(age)", "4m 10s"))


def test_figures_of_a_silent_instance_count_the_failed_polls() -> None:
    silent = replace(alert(), values={"up": 0.0, "failures": 7.0, "age": 210.0})
    assert figures(silent, run(), ENGLISH) == (Figure("polls failed in a row", "7", bad=True),)


def test_in_chinese_the_sentence_and_the_figures_are_chinese() -> None:
    one = alert()
    found = headline(tiles(current([BROKEN], at=NOW), [one]), [one], {}, [], CHINESE)
    assert found.text == "1 条告警，最严重：orders（严重）"
    assert [figure.name for figure in figures(one, None, CHINESE)] == ["普通 异常", "CDC 异常"]
    assert CHINESE.span(timedelta(hours=1, minutes=5)) == "1 小时 5 分钟"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0s"), (0, "0s"), (59.9, "59s"), (60, "1m"), (359, "5m"), (3600, "1h"), (3900, "1h 5m"), (200_000, "2d 7h")],
)
def test_a_span_has_seconds_only_below_a_minute(seconds: float, words: str) -> None:
    assert ENGLISH.span(timedelta(seconds=seconds)) == words


def test_a_moment_has_its_date_unless_it_is_within_a_day() -> None:
    assert clock(NOW, NOW + timedelta(hours=23)) == "10:00:00 UTC"
    assert clock(NOW, NOW + timedelta(hours=25)) == "2026-01-05 10:00 UTC"
