"""The licences and the bill of materials are those of the lock; FDI_WRITE_DOCS=1 writes both (`make licences`)."""

from __future__ import annotations

import json
import os
import re

import pytest
from bill import LOCK, MATERIALS, PAGE, PERMISSIVE, READ, licences, materials, packages

WAYS_OUT = re.compile(r" (?:AND|OR|WITH) |[()]")


@pytest.fixture(scope="module", autouse=True)
def _written() -> None:
    if os.environ.get("FDI_WRITE_DOCS"):
        PAGE.write_text(licences(), encoding="utf-8")
        MATERIALS.write_text(materials(), encoding="utf-8")


def test_the_page_and_the_bill_are_those_of_the_lock() -> None:
    assert PAGE.read_text(encoding="utf-8") == licences(), "run `make licences`"
    assert MATERIALS.read_text(encoding="utf-8") == materials(), "run `make licences`"


def test_what_runs_may_be_shipped_by_anybody() -> None:
    asked = {one.name: set(filter(None, WAYS_OUT.split(one.licence))) for one in packages() if one.parts}
    assert {name: found - PERMISSIVE for name, found in asked.items() if found - PERMISSIVE} == {}
    assert len(asked) > 30


def test_nothing_is_looked_up_that_says_itself() -> None:
    assert {one.name for one in packages()} >= set(READ)


def test_the_bill_is_whole_and_leads_nowhere_else() -> None:
    bill = json.loads(materials())
    refs = [one["bom-ref"] for one in bill["components"]]
    pinned = re.findall(r"^([a-z0-9._-]+)==([^ ]+)", LOCK.read_text(), flags=re.MULTILINE)
    assert sorted(refs) == sorted(f"pkg:pypi/{name}@{version}" for name, version in pinned)
    root = bill["metadata"]["component"]["bom-ref"]
    told = {one["ref"]: one["dependsOn"] for one in bill["dependencies"]}
    assert set(told) == {root, *refs}
    reached, waiting = set(), [root]
    while waiting:
        one = waiting.pop()
        if one not in reached:
            reached.add(one)
            waiting += told[one]
    scopes = {one["bom-ref"]: one["scope"] for one in bill["components"]}
    assert {one for one in reached if one != root} == {ref for ref, scope in scopes.items() if scope != "excluded"}
    assert "timestamp" not in bill["metadata"]
