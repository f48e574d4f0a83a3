"""Several nodes: who may poll an account from memory, who cannot reach it, and what is posted for who leads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Adds columns, with what nodes of the version before leave out, and a table."""
    op.add_column("node", sa.Column("beyond", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("lease", sa.Column("stray", sa.Text(), nullable=False, server_default=""))
    op.add_column("lease", sa.Column("stray_until", sa.BigInteger(), nullable=True))
    op.create_table(
        "inbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("posts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
    )
