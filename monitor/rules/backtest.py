"""A back-test: history under the rules of a policy, and what would make them better. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.notification import Reason
from monitor.quieting import PLAIN, Quieting
from monitor.routing import Route
from monitor.rules.parser import parse
from monitor.rules.past import Past
from monitor.rules.replay import Progress, Replay, Replayed
from monitor.rules.rule import Rule
from monitor.rules.scores import Score, messages, scores
from monitor.rules.suggest import Suggestion, suggestions
from monitor.rules.syntax import Name, walk

NOT_KEPT = "latency"
"""What history does not hold."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """What came of it. `messages` are all, by receiver, each counted once; `judged` of the `polls` could move
    something; `blind` are the rules that read what history does not hold."""

    since: datetime
    until: datetime
    instances: int
    polls: int
    judged: int
    rules: Sequence[Score]
    messages: Mapping[str, int]
    suggestions: Sequence[Suggestion]
    blind: Sequence[str]


def backtest(
    pasts: Sequence[Past],
    rules: tuple[Rule, ...],
    route: Route,
    quieting: Quieting = PLAIN,
    *,
    since: datetime,
    until: datetime,
    deaf: Collection[str] = (),
    progress: Progress | None = None,
) -> Backtest:
    """The instances' history from `since` to `until` under `rules`. The `deaf` receivers do not hear of ends."""
    # nobody reads the words of its alerts, and to fill them in takes time
    rules = tuple(replace(rule, summary="", runbook="") for rule in rules)
    replayed = replay(pasts, rules, route, quieting, until=until, deaf=deaf, progress=progress)
    by_rule = {rule.name: [one for one in replayed.firings if one.rule == rule.name] for rule in rules}
    return Backtest(
        since=since,
        until=until,
        instances=len(pasts),
        polls=replayed.polls,
        judged=replayed.judged,
        rules=scores([rule.name for rule in rules], replayed, until=until),
        messages=messages(replayed),
        suggestions=[one for rule in rules for one in suggestions(rule, by_rule[rule.name], pasts, until=until)],
        blind=[rule.name for rule in rules if _reads(rule, NOT_KEPT)],
    )


def replay(
    pasts: Sequence[Past],
    rules: tuple[Rule, ...],
    route: Route,
    quieting: Quieting = PLAIN,
    *,
    until: datetime,
    deaf: Collection[str] = (),
    progress: Progress | None = None,
) -> Replayed:
    """The replay, without the messages that only tell of ends and that nobody under a `deaf` receiver takes."""
    replayed = Replay(pasts, rules, route, quieting).play(until, progress)
    heard = (one for one in replayed.told if one.reason is not Reason.ALL_RESOLVED or one.receiver not in deaf)
    return replace(replayed, told=tuple(heard))


def _reads(rule: Rule, name: str) -> bool:
    texts = [text for _, text in rule.stages] + ([rule.clear] if rule.clear is not None else [])
    return any(isinstance(node, Name) and node.text == name for text in texts for node in walk(parse(text)))
