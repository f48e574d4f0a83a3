"""Discovery: whole lists only, and the names that are wanted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fdi_kit import PROJECT, account

from monitor.errors import Unreachable
from monitor.fdi.account import Discover
from monitor.fdi.answers import InstancePage, Listed
from monitor.fdi.discovery import MAX_PAGES, Listing, instances_of, wanted
from monitor.fdi.hosts import endpoint_of, iam_endpoint_of
from monitor.model import Instance


def listed(*ids: int, status: str = "RUNNING") -> list[Listed]:
    return [Listed(f"id-{number}", f"name-{number}", status) for number in ids]


def test_pages_are_put_together_until_the_total_is_there() -> None:
    listing = Listing()
    assert listing.add(InstancePage(5, listed(1, 2)))
    assert listing.offset == 2
    assert listing.add(InstancePage(5, listed(3, 4)))
    assert not listing.add(InstancePage(5, listed(5)))
    assert listing.running() == listed(1, 2, 3, 4, 5)


def test_an_empty_list_is_whole() -> None:
    listing = Listing()
    assert not listing.add(InstancePage(0, []))
    assert listing.running() == []


@pytest.mark.parametrize(
    "pages",
    [
        [InstancePage(3, listed(1, 2)), InstancePage(3, [])],
        [InstancePage(3, [])],
        [InstancePage(3, listed(1, 2)), InstancePage(3, listed(2))],
        [InstancePage(2, listed(1)), InstancePage(9, listed(2)), InstancePage(9, [])],
    ],
)
def test_a_list_that_ends_before_its_total_is_no_list(pages: list[InstancePage]) -> None:
    listing = Listing()
    with pytest.raises(Unreachable, match="cut short"):
        for page in pages:
            listing.add(page)


def test_a_list_that_never_ends_is_given_up() -> None:
    listing = Listing()
    with pytest.raises(Unreachable, match="cut short"):
        for number in range(MAX_PAGES + 1):
            assert listing.add(InstancePage(10**9, listed(number)))


def test_only_running_instances_are_polled() -> None:
    listing = Listing()
    listing.add(InstancePage(2, [*listed(1), *listed(2, status="FROZEN")]))
    assert listing.running() == listed(1)


@pytest.mark.parametrize(
    ("name", "include", "exclude", "is_wanted"),
    [
        ("orders", ("*",), (), True),
        ("orders", (), (), False),
        ("orders", ("ord*", "x"), (), True),
        ("Orders", ("ord*",), (), False),
        ("orders", ("bill*",), (), False),
        ("test-orders", ("*",), ("test-*",), False),
        ("Test-orders", ("*",), ("test-*",), True),
        ("orders-7", ("orders-[0-9]",), (), True),
    ],
)
def test_include_and_exclude_are_globs_over_names_and_case_counts(
    name: str, include: tuple[str, ...], exclude: tuple[str, ...], is_wanted: bool
) -> None:
    assert wanted(name, Discover(timedelta(minutes=10), include, exclude)) is is_wanted


def test_without_discover_every_instance_is_wanted() -> None:
    assert wanted("anything", None)


def test_an_instance_gets_region_project_and_labels_of_its_account() -> None:
    discover = Discover(timedelta(minutes=10), exclude=("name-2",))
    assert instances_of(account(discover=discover), PROJECT, listed(1, 2)) == [
        Instance("prod", "id-1", "name-1", "cn-north-4", PROJECT, {"env": "prod"})
    ]


@pytest.mark.parametrize(
    ("region", "roma", "iam"),
    [
        ("cn-north-4", "https://roma.cn-north-4.myhuaweicloud.com", "https://iam.cn-north-4.myhuaweicloud.com"),
        ("eu-west-101", "https://roma.eu-west-101.myhuaweicloud.eu", "https://iam.eu-west-101.myhuaweicloud.eu"),
    ],
)
def test_the_region_gives_both_hosts(region: str, roma: str, iam: str) -> None:
    assert (endpoint_of(region), iam_endpoint_of(region)) == (roma, iam)
