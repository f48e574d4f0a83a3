"""A route that is called idle is one that no alert takes, whatever its labels."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.matchers import parse
from monitor.policy.idle_routes import covers, problems
from monitor.policy.nodes import Loc
from monitor.policy.route import BranchForm

VALUES = {"env": ("", "prod", "test"), "team": ("", "a", "b", "ab"), "severity": ("info", "critical")}
WORDS = ('"prod"', '"a"', '"b"', '""', '"a|b"', '"a.*"', '".*"', '".+"', '"critical"', '"test"')


def branches(dice: random.Random, depth: int) -> list[dict[str, Any]]:
    return [
        {
            "match": ",".join(
                f"{dice.choice(list(VALUES))}{dice.choice(('=', '=', '!=', '=~', '!~'))}{dice.choice(WORDS)}"
                for _ in range(dice.choice((0, 1, 1, 2)))
            ),
            "continue": dice.choice(("true", "false")),
            "routes": branches(dice, depth - 1) if depth else [],
        }
        for _ in range(dice.randrange(1, 5))
    ]


def entered(forms: list[BranchForm], labels: Mapping[str, str], above: Loc = ()) -> Iterator[Loc]:
    """The places of all routes that an alert comes through, as `Route.find` walks them."""
    for position, form in enumerate(forms):
        if form.match.match(labels):
            here: Loc = (*above, "routes", position)
            yield here
            yield from entered(form.routes, labels, here)
            if not form.proceed:
                return


@settings(max_examples=150)
@given(st.integers(0, 2**32))
def test_no_alert_takes_what_was_called_idle(seed: int) -> None:
    forms = [BranchForm.model_validate(branch) for branch in branches(random.Random(seed), 2)]
    idle = {problem.at[:-1] for problem in problems(forms, ()) if "no alert takes" in problem.message}
    taken = {
        place
        for values in product(*VALUES.values())
        for place in entered(forms, dict(zip(VALUES, values, strict=True)))
    }
    assert idle & taken == set()


def test_what_is_proven_to_be_covered() -> None:
    for wider, narrower in (
        ("", 'env="prod"'),
        ('env="prod"', 'team="a",env="prod"'),
        ('env=~"p.*"', 'env="prod"'),
        ('env!="test"', 'env="prod"'),
        ('env!~"t.*"', 'env="prod"'),
        ('env!="test"', 'env=~"prod|stage"'),
        ('env=~"a|b"', 'env=~"a|b",team="x"'),
    ):
        assert covers(parse(wider), parse(narrower)), (wider, narrower)
        assert not covers(parse(narrower), parse(wider)), (narrower, wider)
