"""Drills: those that were begun, and where each schedule begins to count."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store.people_tables import drill


class State(enum.StrEnum):
    """Where a drill stands."""

    ARMED = "armed"
    """None yet: from here on its schedule counts."""
    OPEN = "open"
    DONE = "done"
    """Everybody got it, or it is late."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a drill: how long it took, in seconds, and what came of it."""

    name: str
    seconds: float
    verdict: str


@dataclass(frozen=True, slots=True)
class Drill:
    """One drill. `schedule` is the name of the schedule that began it, empty where somebody did; `messages` are the
    ids of what it says, which the outbox knows."""

    id: str
    at: datetime
    late_at: datetime
    schedule: str = ""
    state: State = State.OPEN
    steps: tuple[Step, ...] = ()
    messages: tuple[str, ...] = ()


async def add(tx: AsyncConnection, one: Drill) -> None:
    """Writes a new drill."""
    steps = [[each.name, each.seconds, each.verdict] for each in one.steps]
    await tx.execute(
        drill.insert().values(
            id=one.id,
            at=one.at,
            late_at=one.late_at,
            schedule=one.schedule,
            state=str(one.state),
            steps=steps,
            messages=list(one.messages),
        )
    )


async def note(tx: AsyncConnection, one: Drill) -> None:
    """Writes how far a drill has come."""
    steps = [[each.name, each.seconds, each.verdict] for each in one.steps]
    await tx.execute(drill.update().where(drill.c.id == one.id).values(state=str(one.state), steps=steps))


async def find(tx: AsyncConnection, name: str) -> Drill | None:
    """The drill with this id."""
    row = (await tx.execute(sa.select(drill).where(drill.c.id == name))).mappings().first()
    return _drill(row) if row else None


async def latest(tx: AsyncConnection, schedule: str) -> datetime | None:
    """When this schedule began its last drill, or to count; None if it never did."""
    found: datetime | None = await tx.scalar(sa.select(sa.func.max(drill.c.at)).where(drill.c.schedule == schedule))
    return found


async def recent(tx: AsyncConnection, states: Sequence[State], *, most: int) -> list[Drill]:
    """Drills in these states, newest first."""
    wanted = sa.select(drill).where(drill.c.state.in_([str(one) for one in states]))
    return [_drill(row) for row in (await tx.execute(wanted.order_by(drill.c.at.desc()).limit(most))).mappings()]


async def prune(tx: AsyncConnection, before: datetime) -> None:
    """Forgets drills of before."""
    await tx.execute(drill.delete().where(drill.c.at < before, drill.c.state == str(State.DONE)))


def _drill(row: sa.RowMapping) -> Drill:
    return Drill(
        id=row["id"],
        at=row["at"],
        late_at=row["late_at"],
        schedule=row["schedule"],
        state=State(row["state"]),
        steps=tuple(Step(*each) for each in row["steps"]),
        messages=tuple(row["messages"]),
    )
