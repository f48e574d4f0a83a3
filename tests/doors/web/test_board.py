"""What the store tells the pages."""

from __future__ import annotations

from pathlib import Path

from webrows import ILL, WELL, ago, alert, fill, instance, letter, opened, run

from monitor.model import Run, State
from monitor.store import board
from monitor.store.board import Seen


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
        rows = [alert(since=120), alert(instance("never seen")), alert(instance("other"), state=State.RESOLVED)]
        await fill(site.store, [(instance(), runs), (instance("other"), [run()])], alert_rows=rows)
        async with site.store.read() as tx:
            found = await board.before(tx)
    assert found == {alert().key: Run(ago(600), ago(300), 20, *WELL)}


async def test_the_board_is_read_whole(tmp_path: Path) -> None:
    over = [alert(instance(f"over-{number}"), state=State.RESOLVED) for number in range(3)]
    async with opened(tmp_path) as (site, _):
        letters = [letter(alert(), id=f"letter-{number}") for number in range(3)]
        await fill(site.store, [(instance(), [run()])], alert_rows=[alert(), *over], letters=letters)
        async with site.store.read() as tx:
            found = await board.read(tx, resolved=2, letters=2)
    assert [one.key for one in found.live] == [alert().key]
    assert [one.id for one in found.letters] == ["letter-2", "letter-1"]
    assert len(found.resolved) == 2
    assert sum(found.tally.values()) == 3
