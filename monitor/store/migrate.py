"""Brings a database to the schema of this version, forward only."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

import monitor
from monitor.errors import UsageError

SCRIPTS = Path(__file__).parent / "migrations"

_ONE_AT_A_TIME = sa.text("SELECT pg_advisory_xact_lock(20800)")
"""Several nodes may start at once: the first migrates, the others wait and find it done."""


def upgrade(connection: sa.Connection, revision: str = "head") -> None:
    """Runs the missing steps up to `revision` inside the caller's transaction.

    Raises:
        UsageError: the database was written by a newer version.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SET LOCAL lock_timeout = 0"))
        connection.execute(_ONE_AT_A_TIME)
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in steps():
        raise UsageError(
            f"{_place(connection)} was written by a newer fdi-monitor: its schema is {found}, and this is version "
            f"{monitor.__version__}, which knows those up to {head()}. Nothing was changed. Run the newer version, go "
            "back to a backup of before the upgrade, or name another place in FDI_MONITOR_DATA or "
            "FDI_MONITOR_DATABASE_URL."
        )
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def check(connection: sa.Connection) -> None:
    """Raises UsageError where the database is not as this version writes it."""
    found = MigrationContext.configure(connection).get_current_revision()
    if found != head():
        raise UsageError(
            f"{_place(connection)} was written by another version of fdi-monitor: its schema is {found or 'missing'}, "
            f"and this is version {monitor.__version__}, which reads {head()}. Where that is the newer one, run the "
            "service of this version on it first; else use the version that wrote it."
        )


def steps() -> frozenset[str]:
    """The names of all schemas this version knows."""
    return frozenset(step.revision for step in ScriptDirectory.from_config(_config()).walk_revisions())


def head() -> str:
    """The name of the newest schema this version knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def _place(connection: sa.Connection) -> str:
    """The database in words that a person knows it by, without a secret."""
    if connection.dialect.name == "postgresql":
        return f"the database {connection.execute(sa.text('SELECT current_database()')).scalar_one()}"
    _, _, file = connection.execute(sa.text("PRAGMA database_list")).one()
    return f"the database {file}"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config
