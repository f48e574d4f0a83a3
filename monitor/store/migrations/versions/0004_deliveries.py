"""Messages that are tried again by hand, or handed over to a fallback."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds the columns."""
    op.add_column("outbox", sa.Column("retried_at", sa.BigInteger(), nullable=True))
    op.add_column("outbox", sa.Column("fallback", sa.Text(), nullable=False, server_default=""))
