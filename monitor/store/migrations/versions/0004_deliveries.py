"""Messages that are retried, handed to a fallback or merged; what each destination was sent lately."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds columns and a table."""
    op.add_column("outbox", sa.Column("retried_at", sa.BigInteger(), nullable=True))
    op.add_column("outbox", sa.Column("fallback", sa.Text(), nullable=False, server_default=""))
    op.add_column("outbox", sa.Column("urgency", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("outbox", sa.Column("merged_into", sa.Text(), nullable=True))
    place = ["state", "receiver", "position", "group_key"]
    op.create_index(op.f("ix_outbox_state_receiver_position_group_key"), "outbox", place, unique=False)
    op.create_index(op.f("ix_outbox_merged_into"), "outbox", ["merged_into"], unique=False)
    op.create_table(
        "budget",
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("spent", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("receiver", "position", name=op.f("pk_budget")),
    )
