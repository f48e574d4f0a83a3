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


def upgrade(connection: sa.Connection) -> None:
    """Runs the missing steps inside the caller's transaction.

    Raises:
        UsageError: the database was written by a newer version.
    """
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise UsageError(
            "the database was written by a newer fdi-monitor. Run that version, or name another folder in "
            "FDI_MONITOR_DATA."
        ) from error


def check(connection: sa.Connection) -> None:
    """Raises UsageError where the database is not as this version writes it."""
    if MigrationContext.configure(connection).get_current_revision() != head():
        raise UsageError(
            "the database was written by another version of fdi-monitor: run the service of this version on it first"
        )


def head() -> str:
    """The name of the newest schema this version knows."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return ScriptDirectory.from_config(config).get_current_head() or ""
