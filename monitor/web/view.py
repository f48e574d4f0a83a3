"""What the dashboard shows, made from what the store holds. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from urllib.parse import urlsplit

from monitor.builtin import VERSION
from monitor.message import title
from monitor.meters import Pace
from monitor.model import KINDS, TASKS, Alert, Counts, Run
from monitor.store.board import Board
from monitor.store.mailroom import Slip
from monitor.store.outbox import Letter
from monitor.web.accounts import AccountRow, accounts
from monitor.web.figures import Figure, figures
from monitor.web.headline import Headline, headline
from monitor.web.site import Tended
from monitor.web.standing import Level, Tile, current, level_of, tiles
from monitor.web.words import Words
from monitor.web.words.telling import told

CELLS_SHOWN = 2000
"""Instances up to which the map has a cell for each; beyond, only for so many of those that are not well."""


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert; `where` is what it is about from the nearest on, `began` when it fired or began to be pending."""

    alert: Alert
    level: Level
    name: str
    where: tuple[str, ...]
    began: datetime
    figures: tuple[Figure, ...]
    summary: str
    tasks: str
    runbook: str


@dataclass(frozen=True, slots=True)
class LetterRow:
    """One message, with its title as the receiver reads it."""

    letter: Slip
    title: str


@dataclass(frozen=True, slots=True)
class Region:
    """The cells of one account on the map of all instances, the worst first; `well` are those without a cell, `more`
    those without one that are not well."""

    account: str
    cells: Sequence[Tile]
    well: int = 0
    more: int = 0


@dataclass(frozen=True, slots=True)
class View:
    """Everything on the page at the moment `at`; `hidden_*` count what was left out of a long list. `tiles` are the
    instances asked for, of `total`."""

    at: datetime
    headline: Headline
    firing: Sequence[AlertRow]
    hidden_firing: int
    pending: Sequence[AlertRow]
    hidden_pending: int
    tiles: Sequence[Tile]
    total: int
    levels: Sequence[tuple[Level, int]]
    accounts: Sequence[AccountRow]
    paced: Mapping[str, Pace]
    """The accounts whose quota does not carry the polls."""
    map: Sequence[Region]
    common: Counts
    cdc: Counts
    unknown: int
    letters: Sequence[LetterRow]
    resolved: Sequence[AlertRow]


def view(
    board: Board,
    *,
    at: datetime,
    words: Words,
    late: Sequence[tuple[str, timedelta]] = (),
    tended: Sequence[Tended] = (),
    paces: Mapping[str, Pace] = MappingProxyType({}),
    titles: Mapping[str, str] = MappingProxyType({}),
    degraded: bool = False,
    account: str = "",
    named: str = "",
) -> View:
    """The page at `at`, with the alerts that are told. Of the instances those of `account` whose name or id holds
    `named`."""
    found = tiles(current(board.seen, at=at), board.live)
    firing, pending = ([one.key for one in board.live if one.state.fires is it] for it in (True, False))
    fires, waits = ([board.told[key] for key in keys if key in board.told] for keys in (firing, pending))
    wanted = [tile for tile in found if _is_wanted(tile, account, named.casefold())]
    counted = Counter(tile.level for tile in found)
    common, cdc = _totals(found)
    return View(
        at=at,
        headline=headline(found, board.live, board.tally, late, words, degraded=degraded),
        firing=_rows(fires, board.before, words),
        hidden_firing=len(firing) - len(fires),
        pending=_rows(waits, board.before, words),
        hidden_pending=len(pending) - len(waits),
        tiles=wanted,
        total=len(found),
        levels=[(level, counted[level]) for level in Level if counted[level]],
        accounts=accounts(tended, found, board.live, paces),
        paced={name: pace for name, pace in paces.items() if pace.stretched},
        map=_map(wanted),
        common=common,
        cdc=cdc,
        unknown=sum(tile.counts is None for tile in found),
        letters=[LetterRow(letter, titles.get(letter.id, "")) for letter in board.letters],
        resolved=_rows(board.resolved, {}, words),
    )


def _is_wanted(tile: Tile, account: str, named: str) -> bool:
    one = tile.seen.instance
    return (not account or one.account == account) and (named in one.name.casefold() or named in one.id.casefold())


def _map(wanted: Sequence[Tile]) -> list[Region]:
    shown = wanted
    if len(wanted) > CELLS_SHOWN:
        shown = [tile for tile in wanted if tile.level is not Level.WELL][:CELLS_SHOWN]
    cells: dict[str, list[Tile]] = {tile.seen.instance.account: [] for tile in wanted}
    for tile in shown:
        cells[tile.seen.instance.account].append(tile)
    every = Counter(tile.seen.instance.account for tile in wanted)
    well = Counter(tile.seen.instance.account for tile in wanted if tile.level is Level.WELL)
    if shown is wanted:
        return [Region(name, mine) for name, mine in sorted(cells.items())]
    return [
        Region(name, mine, well[name], every[name] - well[name] - len(mine)) for name, mine in sorted(cells.items())
    ]


def _totals(found: Iterable[Tile]) -> tuple[Counts, Counts]:
    """The tasks of all instances whose counts are known, by kind."""
    known = [run for tile in found if (run := tile.seen.run) and run.common and run.cdc]
    common, cdc = ([one for run in known if (one := getattr(run, kind))] for kind in KINDS)
    return Counts(*map(sum, zip(*common, strict=True))), Counts(*map(sum, zip(*cdc, strict=True)))


def _rows(alerts: Iterable[Alert], before: Mapping[str, Run], words: Words) -> list[AlertRow]:
    return [row(alert, before.get(alert.key), words) for alert in alerts]


def row(alert: Alert, before: Run | None, words: Words) -> AlertRow:
    """One alert as people read it; `before` is the last good run that began before it, as far as it is known."""
    labels = alert.labels
    return AlertRow(
        alert=alert,
        level=level_of(alert.severity),
        name=labels.get("alertname", alert.rule),
        where=tuple(labels[name] for name in ("instance", "account", "region") if labels.get(name)),
        began=(alert.fired_at or alert.since) if alert.state.fires else alert.since,
        figures=figures(alert, before, words),
        summary=_summary(alert, words),
        tasks=alert.annotations.get(TASKS, "") if alert.state.fires else "",
        runbook=_link(alert.annotations.get("runbook") or alert.annotations.get("runbook_url", "")),
    )


def _summary(alert: Alert, words: Words) -> str:
    """As the rule writes it; what the service raises by itself is in the reader's language."""
    written = alert.annotations.get("summary", "")
    return told(written, words.code) if alert.rule_version == VERSION else written


def _link(address: str) -> str:
    """`address` if it is one of the web: a link must never run a script."""
    try:
        return address if urlsplit(address).scheme in ("http", "https") else ""
    except ValueError:
        return ""


def titled(letter: Letter, words: Words) -> str:
    """What a message is called, in the words of who reads it here."""
    return title(letter.notification, words.code)
