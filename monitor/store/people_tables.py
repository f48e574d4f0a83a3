"""The schema of what people do: silences, acknowledgements, links that were used, drills, and who did what."""

from __future__ import annotations

import sqlalchemy as sa

from monitor.store.columns import BIG, Moment
from monitor.store.schema import metadata

silence = sa.Table(
    "silence",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("matchers", sa.Text, nullable=False),
    sa.Column("unless", sa.Text),
    sa.Column("until_resolved", sa.Boolean, nullable=False),
    sa.Column("window", sa.Text, nullable=False),
    sa.Column("starts_at", Moment, nullable=False),
    sa.Column("ends_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("ended", sa.Text, nullable=False),
    sa.Index(None, "ends_at"),
)

acknowledgement = sa.Table(
    "acknowledgement",
    metadata,
    sa.Column("alert", sa.Text, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("expires_at", Moment),
)

link_key = sa.Table(
    "link_key",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", sa.Text, nullable=False),
)

used_link = sa.Table(
    "used_link",
    metadata,
    sa.Column("link", sa.Text, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Index(None, "at"),
)

drill = sa.Table(
    "drill",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("late_at", Moment, nullable=False),
    sa.Column("schedule", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("steps", sa.JSON, nullable=False),
    sa.Column("messages", sa.JSON, nullable=False),
    sa.Index(None, "at"),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", BIG, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    *(sa.Column(name, sa.Text, nullable=False) for name in ("way", "name", "address", "act", "subject", "detail")),
    sa.Index(None, "subject", "id"),
    sa.Index(None, "at"),
)
