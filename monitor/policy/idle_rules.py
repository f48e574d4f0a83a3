"""Rules that cannot do what they are written for: conditions that never or always hold, levels that never show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import lru_cache

from monitor import durations
from monitor.fdi.account import Account
from monitor.matchers import Matchers
from monitor.policy.idle_routes import contradiction
from monitor.policy.nodes import Loc
from monitor.policy.rules import RuleForm
from monitor.policy.spot import Problem
from monitor.rules.compile import reach_of
from monitor.rules.intervals import Interval
from monitor.rules.parser import parse
from monitor.rules.possible import impossible
from monitor.rules.syntax import All, Call, Not, walk

_NO_INSTANCE_HAS = ("alertname", "severity")
_COMPARING = ("delta", "increase", "rate", "changes")
"""The functions that need two samples within their time."""

_Named = tuple[tuple[str, Interval], ...]


def problems(form: RuleForm) -> Iterator[Problem]:
    """What the conditions and matchers of a sound rule can be proven to do, and hardly shall."""
    named = _thresholds(form)
    stages: list[tuple[Loc, str]] = [(("when",), form.when)] if form.when is not None else []
    worst_first = sorted((form.levels or {}).items(), key=lambda level: level[0].rank, reverse=True)
    stages += [(("levels", str(severity)), text) for severity, text in worst_first]
    yield from _stages(stages, named)
    if form.clear is not None:
        yield from _clear(form.clear, [text for _, text in stages], named)
    yield from _matching(form)


def blind(form: RuleForm, accounts: Iterable[Account]) -> Iterator[Problem]:
    """Functions that compare samples, over a time in which no account is polled twice."""
    apart = min((account.poll_every - account.timeout for account in accounts), default=timedelta())
    conditions: list[tuple[Loc, str | None]] = [(("when",), form.when), (("clear",), form.clear)]
    conditions += [(("levels", str(severity)), text) for severity, text in (form.levels or {}).items()]
    for at, text in conditions:
        for call in _comparing(text) if text is not None else ():
            reach = reach_of(call, form.thresholds)
            if reach <= apart and not form.overrides:
                message = (
                    f"no account is polled twice within {durations.show(reach)}: {call.function} compares samples,"
                    " and with fewer than two it is unknown for ever"
                )
                yield Problem(message, at, call.span.column, call.span.width)


@lru_cache(maxsize=4096)
def _comparing(text: str) -> tuple[Call, ...]:
    # Nearly all conditions call nothing: they need not be read again.
    if not any(name in text for name in _COMPARING):
        return ()
    return tuple(node for node in walk(parse(text)) if isinstance(node, Call) and node.function in _COMPARING)


def _stages(stages: list[tuple[Loc, str]], named: _Named) -> Iterator[Problem]:
    """`stages` are the conditions that breach the rule, worst first."""
    for position, (at, text) in enumerate(stages):
        if _never((text,), (), named):
            yield Problem("this can never be true: no counts and no poll can make it so", at)
        elif _never((), (text,), named):
            yield Problem("this can never be false: an alert would fire for every instance, and never end", at)
        elif _never((text,), tuple(worse for _, worse in stages[:position]), named):
            shadow = " or ".join(f"`{before[-1]}`" for before, _ in stages[:position])
            yield Problem(f"no alert can have this level: wherever it holds, {shadow} holds too, and is worse", at)


def _clear(clear: str, stages: list[str], named: _Named) -> Iterator[Problem]:
    if _never((clear,), (), named):
        yield Problem("this can never be true, so an alert of this rule would never end", ("clear",))
    elif _never((), (clear,), named):
        yield Problem("this can never be false, so the next good poll would end the alert", ("clear",))
    # A rule that nothing breaches implies anything.
    elif all(_never((text,), (clear,), named) for text in stages) and not _all_never(stages, named):
        message = "wherever the rule is breached this holds as well, so the alert would end with the next poll"
        yield Problem(message, ("clear",))


def _all_never(stages: list[str], named: _Named) -> bool:
    return all(_never((text,), (), named) for text in stages)


def _matching(form: RuleForm) -> Iterator[Problem]:
    for matcher in form.match.matchers:
        if matcher.name in _NO_INSTANCE_HAS and not Matchers((matcher,)).match({}):
            yield Problem(
                f"this matches nothing: `match` chooses instances, and they have no label `{matcher.name}`", ("match",)
            )
    if fault := contradiction(form.match):
        yield Problem(fault, ("match",))
    for position, override in enumerate(form.overrides):
        together = Matchers(form.match.matchers + override.match.matchers)
        if fault := contradiction(override.match) or contradiction(together):
            yield Problem(f"this overrides nothing: {fault}", ("overrides", position, "match"))


def _thresholds(form: RuleForm) -> _Named:
    """Between which values each threshold lies, whichever overrides match."""
    found = {}
    for name, given in form.thresholds.items():
        every = [given, *(over.thresholds[name] for over in form.overrides if name in over.thresholds)]
        found[name] = Interval(min(each.value for each in every), max(each.value for each in every))
    return tuple(found.items())


@lru_cache(maxsize=8192)
def _never(true: tuple[str, ...], false: tuple[str, ...], named: _Named) -> bool:
    """Whether conditions can never be true, those of `true`, and false, those of `false`, all at once."""
    terms = [_tree(text) for text in true] + [Not(_tree(text)) for text in false]
    return impossible(terms[0] if len(terms) == 1 else All(tuple(terms)), dict(named))


_tree = lru_cache(maxsize=4096)(parse)
