"""Brings a database to the schema of this version, forward only."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

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
    config = _config()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise UsageError(
            "the database was written by a newer fdi-monitor. Run that version, or name another one in "
            "FDI_MONITOR_DATA or FDI_MONITOR_DATABASE_URL."
        ) from error


def check(connection: sa.Connection) -> None:
    """Raises UsageError where the database is not as this version writes it."""
    if MigrationContext.configure(connection).get_current_revision() != head():
        raise UsageError(
            "the database was written by another version of fdi-monitor: run the service of this version on it first"
        )


def head() -> str:
    """The name of the newest schema this version knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config
