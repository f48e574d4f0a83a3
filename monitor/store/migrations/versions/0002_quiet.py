"""Keeping quiet: silences, acknowledgements, what groups hold back, and why each decision was taken."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes the tables, and gives groups of before what new ones have."""
    # column by column: a table that SQLite makes anew is dropped first, and takes the members of its groups with it
    for column in (
        sa.Column("mute", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("active", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("repeat_limit", sa.Integer(), nullable=True),
        sa.Column("step", sa.JSON(), nullable=True),
        sa.Column("repeats", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("held", sa.JSON(), nullable=False, server_default="{}"),
        sa.Column("inhibited", sa.Boolean(), nullable=False, server_default=sa.false()),
    ):
        op.add_column("alert_group", column)
    op.create_table(
        "silence",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("matchers", sa.Text(), nullable=False),
        sa.Column("unless", sa.Text(), nullable=True),
        sa.Column("until_resolved", sa.Boolean(), nullable=False),
        sa.Column("window", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("ended", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silence")),
    )
    op.create_index(op.f("ix_silence_ends_at"), "silence", ["ends_at"], unique=False)
    op.create_table(
        "acknowledgement",
        sa.Column("alert", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("alert", name=op.f("pk_acknowledgement")),
    )
    op.create_table(
        "decision",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("alert", sa.Text(), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    op.create_index(op.f("ix_decision_alert_at"), "decision", ["alert", "at"], unique=False)
    op.create_index(op.f("ix_decision_at"), "decision", ["at"], unique=False)
