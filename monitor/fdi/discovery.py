"""Which instances an account has: pages put together, and the names that are wanted. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from monitor.errors import Unreachable
from monitor.fdi.account import Account, Discover
from monitor.fdi.answers import InstancePage, Listed
from monitor.model import Instance

PAGE = 100
"""Instances asked for at once. A cloud that gives fewer is asked for the rest."""

MAX_PAGES = 1000

RUNNING = "RUNNING"


class Listing:
    """An instance list as its pages come in."""

    def __init__(self) -> None:
        self._found: dict[str, Listed] = {}
        self._came = 0
        self._pages = 0

    @property
    def offset(self) -> int:
        """Where the next page begins."""
        return self._came

    def add(self, page: InstancePage) -> bool:
        """Takes one page; whether there are more. Raises Unreachable where the list ends before its `total`.

        An instance may come twice when the list moves between two pages; one may then be missing, so the list counts
        by different ids.
        """
        self._found.update((listed.id, listed) for listed in page.instances)
        self._came += len(page.instances)
        self._pages += 1
        if len(self._found) >= page.total:
            return False
        if page.instances and self._came < page.total and self._pages < MAX_PAGES:
            return True
        raise Unreachable(
            f"the instance list is cut short: {len(self._found)} of {page.total} came; it is read again at the next try"
        )

    def running(self) -> list[Listed]:
        """The instances that run, in the cloud's order."""
        return [listed for listed in self._found.values() if listed.status == RUNNING]


def wanted(name: str, discover: Discover | None) -> bool:
    """Whether an instance of this name is to be polled. Without `discover` every one is. Case counts."""
    if discover is None:
        return True
    return _matches(name, discover.include) and not _matches(name, discover.exclude)


def instances_of(account: Account, project_id: str, listed: Iterable[Listed]) -> list[Instance]:
    """The wanted ones of `listed` as instances of `account`, with its labels."""
    return [
        Instance(account.name, one.id, one.name, account.region, project_id, account.labels)
        for one in listed
        if wanted(one.name, account.discover)
    ]


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
