"""The tables by which nodes share the work. Their times are the database's own."""

from __future__ import annotations

import sqlalchemy as sa

from monitor.store.columns import BIG, Moment
from monitor.store.schema import metadata

node = sa.Table(
    "node",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("accounts", sa.JSON, nullable=False),
    sa.Column("leaving", sa.Boolean, nullable=False),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("until", Moment, nullable=False),
    sa.Column("beyond", sa.JSON, nullable=False, server_default="[]"),
)

lease = sa.Table(
    "lease",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    sa.Column("since", Moment, nullable=False),
    sa.Column("spent", sa.JSON(none_as_null=True)),
    sa.Column("stray", sa.Text, nullable=False, server_default=""),
    sa.Column("stray_until", Moment),
)
"""`stray` is a node that was buried while it held the account, and may poll a little from memory until then."""

claim = sa.Table(
    "claim",
    metadata,
    sa.Column("receiver", sa.Text, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("rests_until", Moment),
)

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("id", BIG, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("posts", sa.JSON, nullable=False),
)
"""What other systems posted, at any node, until the one that leads has taken it."""
