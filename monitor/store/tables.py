"""The schema: one for every store. Moments are integers, microseconds since 1970 in UTC."""

from __future__ import annotations

import sqlalchemy as sa

from monitor.store import node_tables as node_tables
from monitor.store import people_tables as people_tables
from monitor.store.columns import BIG, Moment, Span
from monitor.store.schema import metadata as metadata

instance = sa.Table(
    "instance",
    metadata,
    sa.Column("id", BIG, primary_key=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("cloud_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("region", sa.Text, nullable=False),
    sa.Column("project_id", sa.Text, nullable=False),
    sa.Column("labels", sa.JSON, nullable=False),
    sa.Column("first_seen_at", Moment, nullable=False),
    sa.UniqueConstraint("account", "cloud_id"),
)

run = sa.Table(
    "run",
    metadata,
    sa.Column("instance_id", sa.ForeignKey("instance.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("started_at", Moment, primary_key=True),
    sa.Column("ended_at", Moment, nullable=False),
    sa.Column("polls", sa.Integer, nullable=False),
    *(
        sa.Column(f"{kind}_{status}", sa.BigInteger)
        for kind in ("common", "cdc")
        for status in ("running", "abnormal", "terminated", "completed")
    ),
    sa.Column("failure", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("request_id", sa.Text),
    sa.Column("suspicious", sa.Boolean, nullable=False),
    sa.Index(None, "ended_at"),
)

alert = sa.Table(
    "alert",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("rule_version", sa.Text, nullable=False),
    sa.Column("account", sa.Text),
    sa.Column("cloud_id", sa.Text),
    sa.Column("labels", sa.JSON, nullable=False),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("since", Moment, nullable=False),
    sa.Column("state_since", Moment, nullable=False),
    sa.Column("fired_at", Moment),
    sa.Column("resolved_at", Moment),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("numbers", sa.JSON, nullable=False),
    sa.Column("numbers_at", Moment),
    sa.Column("annotations", sa.JSON, nullable=False),
    sa.Column("source", sa.Text),
    sa.Column("ends_at", Moment),
    sa.Index(None, "state"),
)

transition = sa.Table(
    "transition",
    metadata,
    sa.Column("id", BIG, primary_key=True),
    sa.Column("alert", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("after", sa.Text, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("rule_version", sa.Text, nullable=False),
    sa.Column("numbers", sa.JSON, nullable=False),
    sa.Column("routed", sa.Boolean, nullable=False, default=False),
    sa.Index(None, "routed", "id"),
    sa.Index(None, "alert", "at"),
    sa.Index(None, "at"),
)

group = sa.Table(
    "alert_group",
    metadata,
    sa.Column("id", BIG, primary_key=True),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("receiver", sa.Text, nullable=False),
    sa.Column("labels", sa.JSON, nullable=False),
    sa.Column("wait", Span, nullable=False),
    sa.Column("interval", Span, nullable=False),
    sa.Column("repeat", Span, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("changed_at", Moment),
    sa.Column("spoke_at", Moment),
    sa.Column("look_at", Moment),
    sa.Column("said", sa.JSON, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("mute", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("active", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("repeat_limit", sa.Integer),
    sa.Column("step", sa.JSON),
    sa.Column("repeats", sa.Integer, nullable=False, server_default="0"),
    sa.Column("held", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("inhibited", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("key", "receiver"),
    sa.Index(None, "look_at"),
)

member = sa.Table(
    "alert_group_member",
    metadata,
    sa.Column("group_id", sa.ForeignKey("alert_group.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("alert", sa.Text, primary_key=True),
    sa.Index(None, "alert"),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("seq", BIG, primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("receiver", sa.Text, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("group_key", sa.Text, nullable=False),
    sa.Column("notification", sa.JSON, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("tried_at", Moment),
    sa.Column("next_at", Moment, nullable=False),
    sa.Column("settled_at", Moment),
    sa.Column("verdict", sa.Text),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("retried_at", Moment),
    sa.Column("fallback", sa.Text, nullable=False, server_default=""),
    sa.Column("urgency", sa.Integer, nullable=False, server_default="0"),
    sa.Column("merged_into", sa.Text),
    sa.Index(None, "state", "next_at"),
    sa.Index(None, "state", "receiver", "position", "group_key"),
    sa.Index(None, "merged_into"),
    sa.Index(None, "settled_at"),
)

budget = sa.Table(
    "budget",
    metadata,
    sa.Column("receiver", sa.Text, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("spent", sa.JSON, nullable=False),
)

decision = sa.Table(
    "decision",
    metadata,
    sa.Column("id", BIG, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("alert", sa.Text, nullable=False),
    sa.Column("group_key", sa.Text, nullable=False),
    sa.Column("receiver", sa.Text, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("because", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Index(None, "alert", "at"),
    sa.Index(None, "at"),
)

living = sa.Table(
    "living_message",
    metadata,
    sa.Column("receiver", sa.Text, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("group_key", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("letter", sa.Text, nullable=False),
    sa.Column("ref", sa.Text, nullable=False),
    sa.Column("again_at", Moment),
    sa.Index(None, "again_at"),
)
