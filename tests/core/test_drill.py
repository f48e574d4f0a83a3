"""A drill is plainly marked in both languages, disturbs no other group, and leaves nothing open."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.drill import end, exercise
from monitor.message import Colour, plain, render
from monitor.notification import Reason

AT = datetime(2026, 1, 5, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        ("en", ["[DRILL info] drill", "this is a drill: nothing is wrong, and nothing has to be done"]),
        ("zh", ["[演练 提示] drill", "这是一次演练：一切正常，无需处理"]),
    ],
)
def test_it_is_marked_as_a_drill_before_anything_else(language: str, lines: list[str]) -> None:
    message = render(exercise("ops", AT, "m-1"), language=language, zone=UTC, public_url="https://f", key=b"k" * 32)
    assert plain(message).splitlines()[:2] == lines
    assert message.actions == (), "there is nothing to acknowledge"
    assert message.colour is Colour.BLUE


def test_each_is_a_group_of_its_own_and_its_end_belongs_to_it() -> None:
    one, other = exercise("ops", AT, "m-1"), exercise("ops", AT, "m-2")
    assert (one.reason, one.receiver, one.id) == (Reason.DRILL, "ops", "m-1")
    assert one.group_key != other.group_key
    over = end(one, "m-3")
    assert (over.id, over.group_key, over.firing) == ("m-3", one.group_key, ())
    assert render(over, language="en", zone=UTC).title == "[DRILL] drill"
