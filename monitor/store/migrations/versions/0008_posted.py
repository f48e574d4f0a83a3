"""Where an alert that another system posted comes from, and the end that was posted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Adds the columns; alerts of our own rules have neither."""
    op.add_column("alert", sa.Column("source", sa.Text(), nullable=True))
    op.add_column("alert", sa.Column("ends_at", sa.BigInteger(), nullable=True))
