"""Silences and acknowledgements as rows, and what a database of the first schema becomes."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from monitor.acknowledgement import Ack
from monitor.matchers import parse
from monitor.model import Severity
from monitor.silences import Ended, Silence
from monitor.store import acks, groups, migrate, silences
from monitor.store.database import FILE, Store, open_store

START = datetime(2026, 1, 5, 10, 0, 0, 123000, tzinfo=UTC)
SILENCE = Silence(
    id="s-1",
    matchers=parse('instance=~"订单.*", env!="test", "odd name"="a\\"b\\\\c"'),
    starts_at=START,
    ends_at=START + timedelta(hours=1),
    created_by="王",
    comment="迁移",
    updated_at=START,
    unless=parse('severity="critical"'),
    until_resolved=True,
    window="nights",
    ended=Ended.BY_HAND,
)


async def test_silences_come_back_as_they_were_and_are_forgotten_in_time(store: Store) -> None:
    later = replace(SILENCE, id="s-2", ends_at=START + timedelta(hours=2), unless=None, window="")
    async with store.write() as tx:
        await silences.save(tx, SILENCE)
        await silences.save(tx, later)
        assert await silences.find(tx, "s-1") == SILENCE
        assert await silences.find(tx, "s-9") is None
        assert await silences.every(tx) == [later, SILENCE]
        assert await silences.current(tx, SILENCE.ends_at) == [later]
        changed = replace(SILENCE, comment="")
        await silences.save(tx, changed)
        assert await silences.find(tx, "s-1") == changed
        await silences.prune(tx, START + timedelta(minutes=90))
        assert await silences.every(tx) == [later]


async def test_an_alert_has_one_acknowledgement_at_most(store: Store) -> None:
    first = Ack("a1", START, "wang", "看着呢", Severity.WARNING, START + timedelta(hours=1))
    second = replace(first, owner="li", severity=Severity.CRITICAL, expires_at=None)
    async with store.write() as tx:
        await acks.save(tx, first)
        assert await acks.of(tx, ["a1", "a2"]) == {"a1": first}
        await acks.save(tx, second)
        assert await acks.every(tx) == {"a1": second}
        assert await acks.remove(tx, ["a1", "a2"]) == 1
        assert await acks.remove(tx, ["a1"]) == 0


async def test_a_group_of_the_first_schema_goes_on(tmp_path: Path) -> None:
    _first_schema(tmp_path / FILE)
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute(
            "INSERT INTO alert_group VALUES (1, '{}:{}', 'ops', '{}', 10000000, 60000000, 3600000000, 2, NULL, 5, 7,"
            """ '{"a1": {"severity": "warning", "values": {"abnormal": 1.0}}}', 'first')"""
        )
    database.close()
    async with open_store(tmp_path) as store, store.read() as tx:
        [kept] = (await groups.find(tx, ["{}:{}"])).values()
    assert (kept.verdict, kept.group.version, kept.group.repeats) == ("first", 2, 0)
    assert (kept.group.mute, kept.group.step, kept.group.held) == ((), None, {})
    assert kept.group.said["a1"].flapping is False


def _first_schema(file: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(migrate.SCRIPTS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
