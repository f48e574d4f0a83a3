"""Routes that no alert can take: a sibling before them takes all that they match, or their matchers exclude each other.

It says so only where that is proven, matcher by matcher; regular expressions are compared with values, never with each
other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from monitor.matchers import EVERYTHING, Matcher, Matchers
from monitor.model import Severity
from monitor.policy.complaints import unknown_word
from monitor.policy.nodes import Loc
from monitor.policy.route import BranchForm
from monitor.policy.spot import Problem
from monitor.rules.names import nearest


def problems(forms: list[BranchForm], rules: Collection[str], above: Matchers = EVERYTHING) -> Iterator[Problem]:
    """What is idle among `forms`, the siblings below a route that takes what `above` matches.

    `rules` are the names of all rules.
    """
    takers: list[BranchForm] = []
    for position, form in enumerate(forms):
        at: Loc = ("routes", position)
        yield from (problem.below(*at) for problem in _words(form.match, rules))
        every = Matchers(above.matchers + form.match.matchers)
        taker = next((before for before in takers if covers(before.match, every)), None)
        if fault := contradiction(every):
            yield Problem(f"no alert takes this route: {fault}", (*at, "match"))
        elif taker is not None:
            yield Problem(_taken(taker.match), (*at, "match"), on_key="match" not in form.model_fields_set)
        else:
            yield from (problem.below(*at) for problem in problems(form.routes, rules, every))
        if not form.proceed:
            takers.append(form)


def contradiction(matchers: Matchers) -> str:
    """Why no labels can match; empty where some may."""
    for matcher in matchers.matchers:
        if matcher.op != "=":
            continue
        for other in matchers.matchers:
            if other.name == matcher.name and not Matchers((other,)).match({matcher.name: matcher.value}):
                return f"{matcher} and {other} exclude each other"
    return ""


def covers(wider: Matchers, narrower: Matchers) -> bool:
    """Whether all that `narrower` matches is proven to be matched by `wider`."""
    return all(_implied(matcher, narrower) for matcher in wider.matchers)


def _implied(matcher: Matcher, given: Matchers) -> bool:
    for known in given.matchers:
        if known.name != matcher.name:
            continue
        if known == matcher or (known.op == "=" and Matchers((matcher,)).match({known.name: known.value})):
            return True
        if matcher.op == "!=" and known.op == "=~" and not Matchers((known,)).match({known.name: matcher.value}):
            return True
    return False


def _taken(taker: Matchers) -> str:
    which = f"the route {taker} before it" if taker.matchers else "a route before it, which matches everything,"
    return (
        f"no alert takes this route: {which} takes all that this one matches;"
        " move this one up, or write `continue: true` there"
    )


def _words(matchers: Matchers, rules: Collection[str]) -> Iterator[Problem]:
    """Names that are most likely typed wrong. Others may stand in alerts that come from elsewhere."""
    severities = [str(severity) for severity in Severity]
    for what, name, known in (("rule", "alertname", rules), ("severity", "severity", severities)):
        for matcher in matchers.matchers:
            if (matcher.name, matcher.op) == (name, "=") and matcher.value not in known:
                close = nearest(matcher.value, known)
                if close:
                    word = unknown_word(what, f"'{matcher.value}'", matcher.value, list(known))
                    yield Problem(word, ("match",))
