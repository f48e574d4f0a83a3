"""Wrong passwords: each address pays for its own, and nobody keeps somebody else out for long."""

from __future__ import annotations

from monitor.web.brake import FORGOTTEN, FREE_OF_ADDRESS, FREE_OF_USER, LONGEST, MOST, Brake


def fail(brake: Brake, address: str, user: str = "wang", *, times: int, at: float = 0) -> None:
    for _ in range(times):
        brake.failed(address, user, at)


def test_the_first_failures_are_free_then_each_costs_more_up_to_a_bound() -> None:
    brake = Brake()
    waits = []
    for _ in range(12):
        brake.failed("10.0.0.1", "", 0)
        waits.append(brake.wait("10.0.0.1", "", 0))
    assert waits[: FREE_OF_ADDRESS - 1] == [0] * (FREE_OF_ADDRESS - 1)
    assert waits[FREE_OF_ADDRESS - 1 :] == [1, 2, 4, 8, 16, LONGEST, LONGEST, LONGEST]
    assert brake.wait("10.0.0.1", "", LONGEST) == 0
    assert brake.wait("10.0.0.2", "", 0) == 0


def test_who_guesses_from_everywhere_slows_only_those_down_who_have_failed_too() -> None:
    brake = Brake()
    for number in range(1000):
        fail(brake, f"203.0.113.{number}", times=1)
    assert brake.wait("203.0.113.7", "wang", 0) == LONGEST, "a second guess from there waits"
    assert brake.wait("10.0.0.1", "wang", 0) == 0, "who has not failed gets a try at once"
    fail(brake, "10.0.0.1", times=1)
    assert brake.wait("10.0.0.1", "wang", 0) == LONGEST, "and after a slip of the finger waits this long at most"
    assert brake.wait("203.0.113.7", "li", 0) == 0, "other names are not concerned"


def test_a_user_is_slowed_down_after_more_failures_than_an_address() -> None:
    brake = Brake()
    for number in range(FREE_OF_USER - 1):
        fail(brake, f"10.0.1.{number}", times=1)
    assert brake.wait("10.0.1.1", "wang", 0) == 0
    fail(brake, "10.0.1.99", times=1)
    assert brake.wait("10.0.1.1", "wang", 0) == 1


def test_what_went_well_is_no_failure_but_does_not_undo_others() -> None:
    brake = Brake()
    fail(brake, "10.0.0.1", times=FREE_OF_ADDRESS + 1)
    brake.passed("10.0.0.1", "wang")
    assert brake.wait("10.0.0.1", "wang", 0) == 1
    brake.passed("10.0.0.9", "li")
    assert brake.wait("10.0.0.9", "li", 0) == 0


def test_all_is_forgotten_after_a_while_without_failures() -> None:
    brake = Brake()
    fail(brake, "10.0.0.1", times=50)
    fail(brake, "10.0.0.1", times=1, at=FORGOTTEN)
    assert brake.wait("10.0.0.1", "wang", FORGOTTEN) == 0


def test_with_ipv6_a_whole_network_is_one_address() -> None:
    brake = Brake()
    for number in range(20):
        fail(brake, f"2001:db8::{number:x}", times=1)
    assert brake.wait("2001:db8::ffff", "", 0) == LONGEST
    assert brake.wait("2001:db8:0:1::1", "", 0) == 0


def test_what_is_remembered_is_bounded() -> None:
    brake = Brake()
    fail(brake, "10.9.9.9", times=20)
    for number in range(MOST):
        fail(brake, f"host-{number}", f"user-{number}", times=1)
    assert len(brake._addresses) == len(brake._users) == MOST
    assert brake.wait("10.9.9.9", "", 0) == 0
