"""Answers of the cloud with a few things wrong: what was documented, or Garbage with a reason for people."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from fdi_kit import statistics_body, token_reply
from hypothesis import given
from hypothesis import strategies as st
from spoiling import examples, spoiled

from monitor.fdi import answers
from monitor.fdi.answers import Answer, Garbage
from monitor.fdi.tasks import MAX_NAME, BrokenTasks, broken_tasks
from monitor.model import Counts

MOST = 10**12
INSTANCES = {
    "total": 2,
    "size": 2,
    "instances": [
        {"id": "i-1", "name": "orders", "status": "RUNNING", "project_id": "p", "create_time": "2019-12-06T06:49:04Z"},
        {
            "id": "i-2",
            "name": "订单",
            "status": "ERROR",
            "maintain_begin": "02:00:00",
            "available_zone_ids": ["a", "b"],
        },
    ],
}
PROJECTS = {"projects": [{"id": "p", "name": "cn-north-4", "domain_id": "d", "enabled": True}], "links": {}}
TASKS = {
    "total": 3,
    "size": 2,
    "entities": [
        {"task_id": "t-1", "task_name": "orders-to-dws", "execute_status": "ERROR", "ext_type": None},
        {"task_id": "t-2", "task_name": "订单", "execute_status": "ERROR", "ext_type": "CDC", "status": 1},
    ],
}


def counted(found: tuple[Counts, Counts]) -> None:
    assert all(type(count) is int and 0 <= count <= MOST for kind in found for count in kind)


def named(found: BrokenTasks) -> None:
    for name in (*found.common, *found.cdc):
        assert name.isprintable()
        assert 0 < len(name) <= MAX_NAME
    assert found.unseen >= 0


def listed(found: answers.InstancePage) -> None:
    assert found.total >= 0
    assert all(one.id for one in found.instances)


def called(found: list[answers.Project]) -> None:
    assert all(one.id for one in found)


def dated(found: answers.TokenInfo) -> None:
    assert found.expires_at.tzinfo is not None
    assert found.issued_at.tzinfo is not None


READERS: dict[str, tuple[Any, Callable[[Answer], Any], Callable[[Any], None]]] = {
    "statistics": (statistics_body(), answers.statistics, counted),
    "instances": (INSTANCES, answers.instance_page, listed),
    "projects": (PROJECTS, answers.projects, called),
    "token": (token_reply(), answers.token_info, dated),
    "tasks": (TASKS, broken_tasks, named),
}

every = pytest.mark.parametrize("kind", READERS)


def read(kind: str, body: bytes) -> bool:
    """Whether the answer was taken; what is taken is sound, and what is not says why."""
    _, reader, sound = READERS[kind]
    try:
        found = reader(Answer(200, {"X-Request-Id": "r-17"}, body))
    except Garbage as error:
        garbage = error
    else:
        sound(found)
        return True
    assert garbage.reason.startswith("answered 200, but not as documented: ")
    assert "\n" not in garbage.reason
    assert garbage.request_id == "r-17"
    return False


@every
def test_the_documented_answer_is_taken(kind: str) -> None:
    assert read(kind, json.dumps(READERS[kind][0]).encode())


@every
@given(st.data())
@examples(40)
def test_one_with_a_few_things_wrong_is_taken_or_refused(kind: str, data: st.DataObject) -> None:
    tree = data.draw(spoiled(READERS[kind][0]))
    read(kind, json.dumps(tree, ensure_ascii=False).encode(errors="surrogatepass"))


@every
@given(st.data())
@examples(40)
def test_one_with_a_hole_or_a_blot_is_taken_or_refused(kind: str, data: st.DataObject) -> None:
    body = json.dumps(READERS[kind][0]).encode()
    place = data.draw(st.integers(0, len(body)))
    read(kind, body[:place] + data.draw(st.binary(max_size=8)) + body[place + data.draw(st.integers(0, 8)) :])
