"""The stories of all faults as a page for operators."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fault_stages import NETWORK, Scene
from fault_stories import AFTER, BEFORE, FIRST, LATER, RULES, Story

from monitor.model import FailureKind

CUT = 90
"""Characters of a reason that are shown."""

INTRODUCTION = """\
# What becomes of every fault

Whatever the cloud or the network does, a poll ends as a good or as a failed sample, and a failed one has no counts: it
resolves no alert and starts no timer anew. What you hear of is the silence, from a rule such as `up == 0 and age > 3m`;
keep one, because an alert about counts cannot begin while there are none. The log names the reason once, and the
request id by which Huawei Cloud's support finds the call.

Each line is played by [`test_fault_table.py`](../tests/doors/faults/test_fault_table.py): the service's own client
polls an instance with abnormal tasks over a real socket, before the fault, twice during it, and after it. The alert of
`abnormal > 0` fires already when the fault begins. Names in `code` are faults of the simulated cloud
(`POST /_sim/faults`). The account has an access key where no password is mentioned.
"""

FAILED = f"""\
## Failed polls

*Requests* are those of one poll. *Others* are the other instances of the account. *After it* tells when the first good
sample comes, which resolves what is no longer true. Reasons are cut after {CUT} characters.

Refused credentials let the account rest for five minutes, before the cloud locks it: no instance is polled meanwhile,
and the cloud has seen two refused requests at most, and one new login. A throttled account waits for as long as the
cloud asks for. A connection that is lost before the answer is tried once more.
"""

HEALED = """\
## Faults that cost no sample
"""

ODD_ONES = """\
## Good answers that look wrong

All counts at zero after others, or fewer completed tasks than before, mostly tell that the user may no longer see the
tasks. Such a sample is good, so it ends an alert about counts; it is `suspicious` until the counts move again. A rule
that must not believe it has `clear: abnormal == 0 and suspicious == 0`.
"""


def page(stories: Iterable[Story]) -> str:
    """The whole page."""
    told = list(stories)
    failed = sorted((one for one in told if one.failure), key=lambda one: (_place(one), str(one.scene)))
    odd = [one for one in told if one.scene.odd]
    healed = [one for one in told if not one.failure and not one.scene.odd]
    parts = (
        INTRODUCTION,
        FAILED,
        _table(FAILED_COLUMNS, (_failed_row(one) for one in failed)),
        HEALED,
        _table(HEALED_COLUMNS, ((_name(one.scene), *_effects(one), _requests(one), others(one)) for one in healed)),
        ODD_ONES,
        _table(ODD_COLUMNS, ((_name(one.scene), *_effects(one), effect(one, "guarded")) for one in odd)),
    )
    return "\n".join(parts)


_THREE = ("abnormal", "unreachable", "suspicious")
_RULE_COLUMNS = tuple(f"`{RULES[name].when}`" for name in _THREE)
FAILED_COLUMNS = ("fault", "sample", "reason", "request id", *_RULE_COLUMNS, "requests", "others", "after it")
HEALED_COLUMNS = ("fault", *_RULE_COLUMNS, "requests", "others")
ODD_COLUMNS = ("counts", *_RULE_COLUMNS, f"`{RULES['guarded'].when}` with that `clear`")


def effect(story: Story, rule: str) -> str:
    """What the fault did to the alert of that rule."""
    before, after = story.state(rule, BEFORE).fires, story.state(rule, LATER).fires
    if before:
        return "stays firing" if after else "resolves"
    return "fires" if after else "nothing"


def others(story: Story) -> str:
    """What the fault did to the other instance, which itself was well."""
    poll = story.polls[FIRST]
    if poll.neighbour.up:
        return f"wait {poll.waited:g} s" if poll.waited else "polled"
    resting = poll.neighbour.failure is not None and poll.neighbour.failure.kind is FailureKind.AUTH
    return "rest" if resting and not poll.neighbour_requests else "fail too"


def _failed_row(story: Story) -> tuple[str, ...]:
    failure = story.failure
    assert failure is not None
    return (
        _name(story.scene),
        str(failure.kind),
        _shown(failure.reason),
        "yes" if failure.request_id else "no",
        *_effects(story),
        _requests(story),
        others(story),
        "good at once" if story.polls[AFTER].sample.up else "good after the rest",
    )


def _effects(story: Story) -> tuple[str, ...]:
    return tuple(effect(story, rule) for rule in _THREE)


def _requests(story: Story) -> str:
    first = story.polls[FIRST]
    return f"{first.requests}" + (f" + {first.logins} login" if first.logins else "")


def _name(scene: Scene) -> str:
    name = scene.fault if scene.fault in NETWORK or scene.odd else f"`{scene.fault}`"
    return f"{name}, password" if scene.password else name


def _place(story: Story) -> int:
    return list(FailureKind).index(story.failure.kind) if story.failure else -1


def _shown(reason: str) -> str:
    """The reason without what differs from run to run, cut."""
    text = re.sub(r"[\w.-]+:\d{2,5}\b(?!:)|[\w.-]+:\d{2,5}(?=: )", "HOST:PORT", reason)
    text = re.sub(r"\('127\.0\.0\.1', \d+\)", "(HOST, PORT)", text)
    text = re.sub(r"\d\d:\d\d:\d\d UTC", "hh:mm:ss UTC", text)
    cut = text if len(text) <= CUT else f"{text[:CUT].rstrip()}…"
    return cut.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|").replace("`", "\\`")


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [columns, ("---",) * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
