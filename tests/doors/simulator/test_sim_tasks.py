from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.simulator.counts import Counts
from monitor.simulator.tasks import Query, page

COMMON, CDC = Counts(4, 2, 1, 3), Counts(2, 3, 0, 1)


def names(query: Query, common: Counts = COMMON, cdc: Counts = CDC) -> list[str]:
    return [task["task_name"] for task in page("i", common, cdc, query)["entities"]]


def test_the_broken_tasks_are_as_many_as_the_statistics_say_and_cdc_ones_say_so() -> None:
    body = page("i", COMMON, CDC, Query(limit=999, status="ERROR"))
    assert (body["total"], body["size"]) == (5, 5)
    assert [task["ext_type"] for task in body["entities"]] == ["CDC"] * 3 + [None] * 2
    assert {task["execute_status"] for task in body["entities"]} == {"ERROR"}


def test_some_names_are_chinese() -> None:
    assert any(not name.isascii() for name in names(Query(limit=999, status="ERROR")))


def test_a_task_that_recovers_keeps_its_name_and_id() -> None:
    broken = page("i", COMMON, CDC, Query(limit=1, status="ERROR"))["entities"][0]
    healed = page("i", COMMON, Counts(5, 0, 0, 1), Query(limit=1, status="RUNNING"))["entities"][0]
    assert (broken["task_name"], broken["task_id"]) == (healed["task_name"], healed["task_id"])


def test_the_offset_counts_from_one_and_zero_is_taken_as_one() -> None:
    everything = names(Query(limit=999))
    assert len(everything) == len(set(everything)) == 16
    assert names(Query(offset=0, limit=2)) == names(Query(offset=1, limit=2)) == everything[:2]
    assert names(Query(offset=16, limit=10)) == everything[15:]
    assert names(Query(offset=17)) == []


@given(st.integers(1, 7), st.builds(Counts, *[st.integers(0, 9)] * 4), st.builds(Counts, *[st.integers(0, 9)] * 4))
def test_the_pages_together_are_the_whole(limit: int, common: Counts, cdc: Counts) -> None:
    whole = names(Query(limit=999), common, cdc)
    pages = [names(Query(offset, limit), common, cdc) for offset in range(1, len(whole) + 1, limit)]
    assert [name for part in pages for name in part] == whole
    assert len(whole) == sum(common) + sum(cdc)


def test_a_search_by_name_minds_the_case() -> None:
    everything = names(Query(limit=999))
    part = next(name for name in everything if "orders" in name)
    assert part in names(Query(limit=999, name="orders"))
    assert names(Query(limit=999, name="ORDERS")) == []


def test_a_billion_tasks_cost_nothing() -> None:
    body = page("i", Counts(0, 999_999_999_999, 0, 0), Counts(), Query(offset=999_999_999_990, limit=10))
    assert body["total"] == 999_999_999_999
    assert body["size"] == 10
