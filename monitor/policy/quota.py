"""Whether an account's quota carries the polls it is asked for. Pure."""

from __future__ import annotations

import math
from datetime import timedelta

from monitor import durations
from monitor.fdi.account import Account, Quota


def shortage(account: Account) -> str:
    """What happens where the quota cannot carry the polls of the instances named; empty where it can.

    What discovery will find is not known: it can only make it worse.
    """
    named = len(account.instances)
    need = named / account.poll_every.total_seconds()
    if need <= account.quota.rate:
        return ""
    at_least = "at least " if account.discover is not None else ""
    real = math.ceil(named / account.quota.rate)
    return (
        f"{at_least}{grouped(named)} instances every {durations.show(account.poll_every)} need {_rate(need)}, "
        f"the quota is {written(account.quota)}: each is polled every {real}s"
    )


def arithmetic(account: Account) -> str:
    """How much of the quota is asked for, in one line."""
    room = grouped(math.floor(account.quota.rate * account.poll_every.total_seconds()))
    named = grouped(len(account.instances))
    asked = {
        (True, True): f"{named} instances and those discovered",
        (True, False): f"{named} instances",
        (False, True): "instances as discovered",
        (False, False): "no instances",
    }[bool(account.instances), account.discover is not None]
    every = durations.show(account.poll_every)
    return f"{asked}, polled every {every}; the quota of {written(account.quota)} carries {room}"


def written(quota: Quota) -> str:
    """`20/s` or `100/1m`, as the files write it."""
    return f"{quota.requests}/{'s' if quota.per == timedelta(seconds=1) else durations.show(quota.per)}"


def grouped(count: int) -> str:
    """`1 200`: thousands set apart."""
    return f"{count:,}".replace(",", " ")


def _rate(requests: float) -> str:
    return f"{requests:.3g}/s" if requests < 100 else f"{grouped(math.ceil(requests))}/s"
