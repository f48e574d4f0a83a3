"""What one part of the policy says about another: receivers, rules, accounts and labels that must exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain

from monitor import templates
from monitor.matchers import Matchers
from monitor.model import KINDS, Severity
from monitor.policy.accounts import RESERVED
from monitor.policy.complaints import unknown_word
from monitor.policy.draft import Draft
from monitor.policy.nodes import ListNode, Loc, MapNode, Node, Scalar
from monitor.policy.route import BranchForm, RouteForm
from monitor.policy.rules import RuleForm
from monitor.policy.series import COUNTS
from monitor.policy.spot import Problem, Spot
from monitor.policy.summaries import Renderer
from monitor.textfault import TextFault

_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
_VALUES = {**dict.fromkeys(COUNTS, 1.0), "up": 1.0, "failures": 0.0, "suspicious": 0.0, "age": 1.0, "latency": 1.0}


def check_names(draft: Draft) -> None:
    """Routes, maintenance, tests and receivers name receivers, windows, rules and accounts that exist."""
    if not draft.whole:
        # What is missing may stand in the part that could not be read.
        return
    receivers, rules, windows = draft.names("receivers"), draft.names("rules"), draft.names("windows")
    used: set[str] = set()
    for spot, node in draft.single("route"):
        for loc, scalar in _receivers(node):
            used.add(scalar.value)
            _check(draft, spot.at(*loc), scalar, "receiver", receivers)
        for loc, scalar in _windows(node):
            _check(draft, spot.at(*loc), scalar, "window", windows)
    for spot, node in draft.items("maintenance"):
        for loc, scalar in _texts(node, "window"):
            _check(draft, spot.at(*loc), scalar, "window", windows)
    for spot, node in draft.items("tests"):
        for loc, scalar in _listed(node, "messages", "receiver"):
            _check(draft, spot.at(*loc), scalar, "receiver", receivers)
        for key in ("alerts", "pending"):
            for outer, expected in _mappings(node, "expect"):
                for loc, scalar in _listed(expected, key, "alertname"):
                    _check(draft, spot.at(*outer, *loc), scalar, "rule", rules)
    for spot, node in draft.single("drill"):
        for loc, scalar in _names(node, "receivers"):
            _check(draft, spot.at(*loc), scalar, "receiver", receivers)
    used |= _check_fallbacks(draft, receivers)
    for spot, node in draft.items("receivers"):
        publishes = node.get("smn")
        account = publishes.get("account") if isinstance(publishes, MapNode) else None
        if isinstance(account, Scalar):
            _check(draft, spot.at("smn", "account"), account, "account", draft.names("accounts"))
    if used:
        for name in receivers.keys() - used:
            draft.warn(receivers[name], [Problem("no route leads to this receiver")])


def _check_fallbacks(draft: Draft, receivers: dict[str, Spot]) -> set[str]:
    """Fallbacks exist, and none leads back to where it began; gives the receivers that are one."""
    given: dict[str, tuple[str, Spot]] = {}
    for spot, node in draft.items("receivers"):
        name = node.get("name")
        for loc, scalar in _texts(node, "fallback"):
            _check(draft, spot.at(*loc), scalar, "receiver", receivers)
            if isinstance(name, Scalar):
                given[name.value] = (scalar.value, spot.at(*loc))
    for begin, (following, spot) in given.items():
        way = [begin, following]
        while way[-1] in given and way[-1] not in way[:-1]:
            way.append(given[way[-1]][0])
        if way[-1] == begin:
            draft.complain(spot, [Problem(f"the fallbacks go in a circle: {' -> '.join(way)}", plain=True)])
    return {fallback for fallback, _ in given.values()}


def check_summaries(draft: Draft, rules: Iterable[tuple[Spot, RuleForm]]) -> None:
    """Every summary and runbook can be filled in for an instance that has all the labels the policy speaks of."""
    labels = {name: name for name in chain(RESERVED, _label_names(draft))}
    shared = templates.names(
        values=_VALUES, labels=labels, severity=str(Severity.WARNING), started_at=_MOMENT, value=1.0
    )
    renderer = Renderer(shared)
    for spot, form in rules:
        filled = renderer if form.by is None else _of_several(form)
        for key, text in (("summary", form.summary), ("runbook", form.runbook or "")):
            try:
                filled.check(text, form.labels)
            except TextFault as fault:
                draft.complain(spot, [Problem.of(fault, key, expected="a template that can be filled in")])


def _of_several(form: RuleForm) -> Renderer:
    """A rule with `by` has no counts of its own, and no labels but those."""
    names = templates.names(
        values={},
        labels={name: name for name in ("alertname", "severity", *(form.by or ()))},
        severity=str(Severity.WARNING),
        started_at=_MOMENT,
        value=1.0,
    )
    return Renderer({name: value for name, value in names.items() if name not in _VALUES and name not in KINDS})


def check_shared_labels(draft: Draft, rules: Iterable[tuple[Spot, RuleForm]]) -> None:
    """Warns of labels under `by` that no instance has."""
    accounts = [account for _, account in draft.items("accounts")]
    if not draft.whole or not accounts:
        return
    known = {*RESERVED, *(name for account in accounts for name in _account_labels(account))}
    for spot, form in rules:
        for position, name in enumerate(form.by or ()):
            if name not in known:
                message = unknown_word("label", f"`{name}`", name, sorted(known - {"alertname", "severity"}))
                draft.warn(spot, [Problem(f"no instance has it: {message}", ("by", position))])


def check_accounts(draft: Draft, rules: list[tuple[Spot, RuleForm]], routes: list[tuple[Spot, RouteForm]]) -> None:
    """Warns of matchers that name an account there is not."""
    accounts = draft.names("accounts")
    if not draft.whole or not accounts:
        return
    for spot, rule in rules:
        _check_matchers(draft, spot, rule.match, accounts)
        for position, override in enumerate(rule.overrides):
            _check_matchers(draft, spot.at("overrides", position), override.match, accounts)
    for spot, route in routes:
        for loc, branch in _branches(route.routes):
            _check_matchers(draft, spot.at(*loc), branch.match, accounts)


def _check(draft: Draft, spot: Spot, scalar: Scalar, what: str, known: dict[str, Spot]) -> None:
    if scalar.value not in known:
        message = unknown_word(what, spot.written, scalar.text, [spot.written.strip("'\"") for spot in known.values()])
        draft.complain(spot, [Problem(message)])


def _check_matchers(draft: Draft, spot: Spot, matchers: Matchers, accounts: dict[str, Spot]) -> None:
    for matcher in matchers.matchers:
        if matcher.name == "account" and matcher.op == "=" and matcher.value not in accounts:
            known = [spot.written.strip("'\"") for spot in accounts.values()]
            message = unknown_word("account", f"'{matcher.value}'", matcher.value, known)
            draft.warn(spot, [Problem(f"this matches nothing that is polled: {message}", ("match",))])


def _receivers(node: MapNode, loc: Loc = ()) -> Iterator[tuple[Loc, Scalar]]:
    yield from _texts(node, "receiver", loc)
    for below, step in _mappings(node, "steps"):
        yield from _texts(step, "receiver", (*loc, *below))
    for below, branch in _mappings(node, "routes"):
        yield from _receivers(branch, (*loc, *below))


def _windows(node: MapNode, loc: Loc = ()) -> Iterator[tuple[Loc, Scalar]]:
    for key in ("mute", "active"):
        yield from _names(node, key, loc)
    for below, branch in _mappings(node, "routes"):
        yield from _windows(branch, (*loc, *below))


def _names(node: MapNode, key: str, loc: Loc = ()) -> Iterator[tuple[Loc, Scalar]]:
    """The texts in the list under `key`."""
    names = node.get(key)
    for position, name in enumerate(names.items if isinstance(names, ListNode) else ()):
        if isinstance(name, Scalar) and not name.faulty:
            yield (*loc, key, position), name


def _texts(node: MapNode, key: str, loc: Loc = ()) -> Iterator[tuple[Loc, Scalar]]:
    """The text under `key`, if there is one."""
    found = node.get(key)
    if isinstance(found, Scalar) and not found.faulty:
        yield (*loc, key), found


def _branches(forms: list[BranchForm], loc: Loc = ()) -> Iterator[tuple[Loc, BranchForm]]:
    for position, form in enumerate(forms):
        here = (*loc, "routes", position)
        yield here, form
        yield from _branches(form.routes, here)


def _mappings(node: MapNode, key: str) -> Iterator[tuple[Loc, MapNode]]:
    """The mappings in the list under `key`."""
    found: Node | None = node.get(key)
    for position, item in enumerate(found.items if isinstance(found, ListNode) else ()):
        if isinstance(item, MapNode):
            yield (key, position), item


def _listed(node: MapNode, key: str, name: str) -> Iterator[tuple[Loc, Scalar]]:
    """The texts under `name` in the mappings in the list under `key`."""
    for loc, item in _mappings(node, key):
        yield from _texts(item, name, loc)


def _label_names(draft: Draft) -> Iterator[str]:
    """Every label that an instance of this policy, or of its tests, may have."""
    for _, account in draft.items("accounts"):
        yield from _account_labels(account)
    for _, case in draft.items("tests"):
        only = case.get("instance")
        if isinstance(only, MapNode):
            yield from _keys(only)
        for _, instance in _mappings(case, "instances"):
            yield from _keys(instance)


def _account_labels(account: MapNode) -> Iterator[str]:
    yield from _keys(account)
    for _, instance in _mappings(account, "instances"):
        yield from _keys(instance)


def _keys(node: MapNode) -> list[str]:
    labels = node.get("labels")
    return list(labels.entries) if isinstance(labels, MapNode) else []
