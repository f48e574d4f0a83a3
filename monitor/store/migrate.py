"""Brings a database to the schema of this version, forward only."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

import monitor
from monitor.errors import UsageError
from monitor.store.tables import metadata

SCRIPTS = Path(__file__).parent / "migrations"

_ONE_AT_A_TIME = sa.text("SELECT pg_advisory_xact_lock(20800)")
"""Several nodes may start at once: the first migrates, the others wait and find it done."""
_VERSION = sa.Table("alembic_version", sa.MetaData(), sa.Column("version_num", sa.String(32), primary_key=True))
"""Alembic's own table."""


def upgrade(connection: sa.Connection, revision: str = "") -> None:
    """Makes the tables in an empty database; in another runs the steps that are missing up to `revision`, by default
    the newest. All inside the caller's transaction.

    Raises:
        UsageError: the database was written by a newer version.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SET LOCAL lock_timeout = 0"))
        connection.execute(_ONE_AT_A_TIME)
    present = _present(connection)
    if present == (revision or head()):
        return
    if present is not None and present not in steps():
        raise UsageError(
            f"{_place(connection)} was written by a newer fdi-monitor: its schema is {present}, and this is version "
            f"{monitor.__version__}, which knows those up to {head()}. Nothing was changed. Run the newer version, go "
            "back to a backup of before the upgrade, or name another place in FDI_MONITOR_DATA or "
            "FDI_MONITOR_DATABASE_URL."
        )
    if present or revision:
        _step(connection, revision or head())
    else:
        metadata.create_all(connection, checkfirst=False)
        _VERSION.create(connection)
        connection.execute(sa.insert(_VERSION).values(version_num=head()))


def check(connection: sa.Connection) -> None:
    """Raises UsageError where the database is not as this version writes it."""
    present = _present(connection)
    if present != head():
        raise UsageError(
            f"{_place(connection)} was written by another version of fdi-monitor: its schema is "
            f"{present or 'missing'}, and this is version {monitor.__version__}, which reads {head()}. Where that is "
            "the newer one, run the service of this version on it first; else use the version that wrote it."
        )


def head() -> str:
    """The name of the newest schema this version knows."""
    return steps()[-1]


def steps() -> list[str]:
    """The names of all schemas this version knows, the oldest first: the steps are numbered."""
    return sorted(script.name.partition("_")[0] for script in (SCRIPTS / "versions").glob("[0-9]*.py"))


def _present(connection: sa.Connection) -> str | None:
    """The name of the database's schema; None where it has none."""
    if not sa.inspect(connection).has_table(_VERSION.name):
        return None
    return connection.execute(sa.select(_VERSION.c.version_num)).scalar_one_or_none()


def _place(connection: sa.Connection) -> str:
    """The database in words that a person knows it by, without a secret."""
    if connection.dialect.name == "postgresql":
        return f"the database {connection.execute(sa.text('SELECT current_database()')).scalar_one()}"
    _, _, file = connection.execute(sa.text("PRAGMA database_list")).one()
    return f"the database {file}"


def _step(connection: sa.Connection, revision: str) -> None:
    # Most starts have no step to run, and to load what runs them takes a sixth of a start.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
