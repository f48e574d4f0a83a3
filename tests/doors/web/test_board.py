"""What the store tells the pages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from webrows import ILL, WELL, ago, alert, fill, instance, letter, opened, run

from monitor.model import Run, Severity, State
from monitor.store import alerts, board, mailroom, merges
from monitor.store.board import Seen
from monitor.web.titles import Titles


async def test_each_instance_is_seen_with_its_latest_run(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, _):
        rows = [(instance("b"), [run(start=600, end=300), run(ILL, start=270, end=5)]), (instance("a"), [])]
        await fill(site.store, rows)
        async with site.store.read() as tx:
            found = await board.instances(tx)
    assert found == [Seen(instance("a")), Seen(instance("b"), run(ILL, start=270, end=5), ago(5))]


async def test_an_instance_that_fails_is_seen_with_its_last_good_moment(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, _):
        runs = [
            run(start=900, end=600),
            run(ILL, start=570, end=300),
            run(None, start=270, end=150),
            run(None, start=120),
        ]
        await fill(site.store, [(instance(), runs)])
        async with site.store.read() as tx:
            found = await board.instances(tx)
    assert found == [Seen(instance(), run(None, start=120), ago(300))]


async def test_before_an_alert_is_the_last_good_run_that_began_before_it(tmp_path: Path) -> None:
    runs = [run(ILL, start=900, end=700), run(start=600, end=300), run(None, start=270, end=200), run(ILL, start=120)]
    async with opened(tmp_path) as (site, _):
        rows = [alert(since=120), alert(instance("never seen"))]
        await fill(site.store, [(instance(), runs)], alert_rows=[*rows, alert(instance("other"))])
        async with site.store.read() as tx:
            found = await board.before(tx, [one.key for one in rows])
    assert found == {alert().key: Run(ago(600), ago(300), 20, *WELL)}


async def test_what_is_known_of_all_alerts_in_brief_is_what_is_known_of_each(tmp_path: Path) -> None:
    by_rule = replace(alert(), key="by", instance=None, labels={"alertname": "many-hit", "account": "生产"})
    late = replace(alert(instance("late"), since=10), severity=Severity.WARNING)
    rows = [alert(instance("waits"), state=State.PENDING), late, alert(instance("over"), state=State.RESOLVED), by_rule]
    async with opened(tmp_path) as (site, _):
        await fill(site.store, alert_rows=rows)
        async with site.store.read() as tx:
            brief, whole = await board.live(tx), await alerts.live(tx)
    assert [one.key for one in brief] == ["by", "key-prod-late", "key-prod-waits"]
    for one, other in zip(brief, whole, strict=True):
        assert one._asdict() == {name: getattr(other, name) for name in one._fields}


async def test_the_board_is_read_whole(tmp_path: Path) -> None:
    over = [alert(instance(f"over-{number}"), state=State.RESOLVED) for number in range(3)]
    async with opened(tmp_path) as (site, _):
        letters = [letter(alert(), id=f"letter-{number}") for number in range(3)]
        await fill(
            site.store, [(instance(), [run()])], alert_rows=[alert(), alert(instance("b")), *over], letters=letters
        )
        async with site.store.read() as tx:
            found = await board.read(tx, told=1, resolved=2, letters=2)
    assert [one.key for one in found.live] == [alert().key, alert(instance("b")).key]
    assert [*found.told] == [alert().key]
    assert [one.id for one in found.letters] == ["letter-2", "letter-1"]
    assert len(found.resolved) == 2
    assert sum(found.tally.values()) == 3


async def test_what_a_message_is_called_is_read_once_when_it_was_tried(tmp_path: Path) -> None:
    other = letter(replace(alert(), labels={"alertname": "库存"}), id="letter-1")
    titles = Titles()
    async with opened(tmp_path) as (site, _):
        waiting, tried = letter(alert()), replace(letter(alert(), id="letter-2"), attempts=1)
        await fill(site.store, letters=[waiting, tried])
        async with site.store.read() as tx:
            slips = await mailroom.recent(tx, most=2)
            first = await titles.of(tx, slips, "en")
        async with site.store.write() as tx:
            for one in (waiting, tried):
                await merges.reword(tx, one.id, other.notification)
        async with site.store.read() as tx:
            second = await titles.of(tx, slips, "en")
            chinese = await titles.of(tx, slips[:1], "zh")
    called = "[FIRING critical] tasks-abnormal · prod · orders"
    assert first == {"letter-1": called, "letter-2": called}
    assert second == {"letter-1": "[FIRING critical] 库存", "letter-2": called}
    assert chinese == {"letter-2": "[告警 严重] 库存"}
