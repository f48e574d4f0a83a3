"""The check of the recorded history fails where it should."""

from __future__ import annotations

import pytest
from linear import Event, faults

TOOK = Event("a", "n-0-1f", 1, "n-0")
MOVED = Event("a", "n-0-1f", 1, "n-0", moved=True)
LEFT = Event("a", "", 1, "n-0")
OTHER = Event("a", "n-1-2e", 2, "n-1")


def test_one_after_the_other_is_sound() -> None:
    sound = [Event("a", "", 0, "n-0"), TOOK, MOVED, MOVED, LEFT, OTHER, Event("a", "n-1-2e", 2, "n-1", moved=True)]
    assert faults(sound) == []
    assert faults([TOOK, OTHER, Event("b", "n-0-1f", 1, "n-0")]) == []


@pytest.mark.parametrize(
    ("history", "told"),
    [
        ([TOOK, Event("a", "n-1-2e", 1, "n-1")], "a, epoch 1: n-0-1f held it, and n-1-2e"),
        ([TOOK, LEFT, Event("a", "n-1-2e", 1, "n-1")], "a, epoch 1: n-0-1f held it, and n-1-2e"),
        ([OTHER, TOOK], "a, epoch 1: it was 2 before"),
        ([TOOK, OTHER, MOVED], "a, epoch 1: n-0 moved an alert while n-1-2e held epoch 2"),
        ([TOOK, OTHER, Event("a", "n-1-2e", 2, "n-0", moved=True)], "n-0 moved an alert while n-1-2e held epoch 2"),
        ([TOOK, LEFT, Event("a", "", 1, "n-0", moved=True)], "n-0 moved an alert while nobody held epoch 1"),
        ([MOVED], "n-0 moved an alert while nobody held epoch 0"),
        ([Event("a", "n-0-1f", 1, "n-1")], "a, epoch 1: n-1 took it for n-0-1f"),
    ],
)
def test_two_holders_a_step_back_and_a_stranger_are_told(history: list[Event], told: str) -> None:
    assert any(told in fault for fault in faults(history)), faults(history)
