"""When requests left, and when they arrived: what an account's throttle remembers of each. Pure."""

from __future__ import annotations


class Departure(float):
    """When one request left, which is its place in the window; how long its answer took, in seconds; whether the answer
    to one that left later came first; and how many requests a window could hold when it was let out."""

    __slots__ = ("overtaken", "took", "under")

    took: float | None
    overtaken: bool
    under: int

    def __new__(cls, at: float) -> Departure:
        self = super().__new__(cls, at)
        self.took = None
        self.overtaken = False
        self.under = 0
        return self

    def latest(self, now: float) -> float:
        """When the request arrived at the latest, as far as is known `now`."""
        return now if self.took is None else self + self.took


def arrived(at: float) -> Departure:
    """A request that arrived at the moment `at`, at the latest."""
    departure = Departure(at)
    departure.took = 0.0
    return departure
