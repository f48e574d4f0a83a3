"""`fdi-monitor store`: what the service keeps, copied into a file or moved to another database."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from monitor.cli import GOOD
from monitor.cli.start import aio, begin
from monitor.errors import UsageError
from monitor.store.postgres import opened as opened_postgres
from monitor.store.postgres import shown
from monitor.store.sqlite import FILE, back_up
from monitor.store.sqlite import opened as opened_sqlite
from monitor.store.transfer import Tell, copy


@click.group()
def store() -> None:
    """Backs up what the service keeps, or moves it to another database.

    \b
    Examples:
      fdi-monitor store backup fdi-monitor.backup
      FDI_MONITOR_DATABASE_URL=postgresql://fdi:secret@db/fdi fdi-monitor store migrate
    """


@store.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> int:
    """Copies the SQLite database in the data folder into a new FILE; the service may be running.

    FILE is the database as it was at one moment, readable for its owner only. To go back, stop the service and put it
    into an empty data folder as fdi-monitor.sqlite3. A PostgreSQL database is backed up by its own tools, as pg_dump.

    \b
    Example:
      fdi-monitor store backup fdi-monitor.backup
    """
    settings = begin()
    if settings.database:
        raise UsageError(f"the service keeps everything in {shown(settings.database)}: back that up with pg_dump")
    size = back_up(settings.data, file)
    click.echo(f"{size:,} bytes are in {file}")
    return GOOD


@store.command()
@aio
async def migrate() -> int:
    """Copies everything from SQLite in the data folder into an empty PostgreSQL database.

    From the folder FDI_MONITOR_DATA into the database FDI_MONITOR_DATABASE_URL. The service must be stopped. All of it
    is one transaction, counted at both ends: it arrives whole or not at all, and the SQLite file stays as it was.
    History, alerts with their timers, groups, silences, messages that wait and their ids: the service goes on with them
    where it stopped.

    \b
    Example:
      FDI_MONITOR_DATABASE_URL=postgresql://fdi:secret@db/fdi fdi-monitor store migrate
    """
    settings = begin()
    file = settings.data / FILE
    if not settings.database:
        raise UsageError("FDI_MONITOR_DATABASE_URL names no database: say where everything goes")
    if not file.is_file():
        raise UsageError(f"there is nothing to copy: {file} does not exist. FDI_MONITOR_DATA names the folder.")
    async with opened_sqlite(settings.data) as source, opened_postgres(settings.database) as target:
        with _progress() as tell:
            copied = await copy(source, target, tell=tell)
    _show(copied, shown(settings.database))
    return GOOD


def _show(copied: Mapping[str, int], place: str) -> None:
    for table, number in copied.items():
        click.echo(f"{number:>12,}  {table}")
    click.echo(f"{sum(copied.values()):>12,}  rows are in {place}, counted there. Start the service with it.")


@contextmanager
def _progress() -> Iterator[Tell]:
    """A bar for each table on a terminal; nothing where standard error is none."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,}/{task.total:,}"))
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as bars:
        shown_as: dict[str, TaskID] = {}

        def tell(table: str, done: int, number: int) -> None:
            if table not in shown_as:
                shown_as[table] = bars.add_task(table, total=number)
            bars.update(shown_as[table], completed=done)

        yield tell
