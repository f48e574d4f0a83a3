"""Which tasks are broken: one page of `task-monitors`, read strictly. Pure.

Source: the documentation of ListMonitorInfos. Whether its offset counts tasks or pages is not said, so one page is
asked for, as large as a page gets, and a task that comes twice counts once.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from pydantic import ConfigDict, TypeAdapter, with_config

from monitor.fdi.answers import Answer, Count, Id, read
from monitor.writing import clean

BROKEN = "ERROR"
"""The documented `execute_status` of a task whose last run failed."""

QUERY = (("execute_status", BROKEN), ("limit", "999"), ("offset", "1"))
"""What is asked: the largest page there is, from the first task on."""

MAX_NAME = 64
"""Characters of a task's name that are told."""

_STRICT = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class _Task:
    task_id: Id
    task_name: str
    execute_status: str
    ext_type: str | None = None


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class _Page:
    total: Count
    entities: list[_Task]


_PAGE = TypeAdapter(_Page)


@dataclass(frozen=True, slots=True)
class BrokenTasks:
    """Names of the broken tasks by kind, in the cloud's order, each on one line and of at most MAX_NAME characters.

    `unseen` are those beyond the page, of which the kind is not known.
    """

    common: tuple[str, ...] = ()
    cdc: tuple[str, ...] = ()
    unseen: int = 0

    def named(self, kinds: Collection[str]) -> tuple[str, ...]:
        """The names of these kinds (`common`, `cdc`)."""
        return (self.common if "common" in kinds else ()) + (self.cdc if "cdc" in kinds else ())


def broken_tasks(answer: Answer) -> BrokenTasks:
    """The broken tasks of a 200. Raises Garbage.

    What is listed and not broken is left out: then the list was not filtered, and its total says nothing.
    """
    page = read(_PAGE, answer)
    found = {task.task_id: task for task in page.entities if task.execute_status == BROKEN}
    filtered = all(task.execute_status == BROKEN for task in page.entities)
    return BrokenTasks(
        common=tuple(_name(task) for task in found.values() if task.ext_type != "CDC"),
        cdc=tuple(_name(task) for task in found.values() if task.ext_type == "CDC"),
        unseen=max(0, page.total - len(page.entities)) if filtered else 0,
    )


def _name(task: _Task) -> str:
    return clean(task.task_name, MAX_NAME) or task.task_id
