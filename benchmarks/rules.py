"""How many verdicts a second one core gives, beside bare Python lambdas that do the same comparisons in the same run.

Then how many samples a second a rule with `by` takes, in groups of ten and of ten thousand: a sample costs the same.

Run: python -m benchmarks.rules. Goal: at least 1,000,000 verdicts a second for a typical rule; a sample in a group of
ten thousand costs less than twice what it costs in a group of ten.
"""

from __future__ import annotations

import timeit
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from benchmarks.report import Row, tell
from monitor.model import Counts, InstanceKey, Severity
from monitor.rules.cohort import Cohort
from monitor.rules.facts import Facts
from monitor.rules.member import Member
from monitor.rules.quantity import quantity
from monitor.rules.rule import Rule
from monitor.rules.window import Window

ROUNDS = 200_000
REPEATS = 5
AT = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
THRESHOLDS = {"warn": quantity(1), "crit": quantity(5)}
SHARE = "abnormal >= crit or abnormal / running > 20%"
JUMP = "increase(terminated, 15m) >= 3"
GROUPS = (
    "count(abnormal > 0) >= 20000",
    "count(up == 0 and age > 3m) >= 20000",
    "sum(abnormal) > 1000000",
    "max(abnormal / running) > 1000",
    "max(age) > 1h",
)
SIZES = (10, 100, 10_000)
SAMPLES = 20_000

Bare = Callable[[Counts, Counts], bool]
RULES: tuple[tuple[Rule, Bare], ...] = (
    (Rule("one count", when="cdc.abnormal > 0"), lambda _, cdc: cdc.abnormal > 0),
    (
        Rule("both kinds, threshold", when="abnormal >= warn", thresholds=THRESHOLDS),
        lambda common, cdc: common.abnormal + cdc.abnormal >= 1,
    ),
    (
        Rule(
            "two levels, a share",
            levels=((Severity.WARNING, "abnormal >= warn"), (Severity.CRITICAL, SHARE)),
            thresholds=THRESHOLDS,
        ),
        lambda common, cdc: (
            common.abnormal + cdc.abnormal >= 5
            or (common.abnormal + cdc.abnormal) / (common.running + cdc.running) > 0.2
            or common.abnormal + cdc.abnormal >= 1
        ),
    ),
)


def main() -> int:
    facts = _facts()
    told = []
    print(f"{'rule':24}{'verdicts/s':>14}{'bare lambda/s':>16}{'ratio':>8}")
    for rule, bare in RULES:
        judged, plain = _rate(_judge(rule, facts)), _rate(_bare(bare, facts))
        print(f"{rule.name:24}{judged:>14,.0f}{plain:>16,.0f}{plain / judged:>8.1f}")
        what, beside = f"verdicts a second on one core: {rule.name}", f"a bare lambda {plain / 1e6:.1f} M/s"
        told.append(Row(what, ">= 1 M/s", f"{judged / 1e6:.2f} M/s", beside, judged >= 1e6))
    for runs in (1, 10, 100):
        facts.history = _history(runs)
        name = f"history over {runs} runs"
        print(f"{name:24}{_rate(_judge(Rule('history', when=JUMP), facts), rounds=ROUNDS // 20):>14,.0f}")
    print(f"\n{'by: [account]':40}" + "".join(f"{f'of {size:,}, samples/s':>22}" for size in SIZES) + f"{'ratio':>8}")
    for when in GROUPS:
        rates = [_group_rate(when, size) for size in SIZES]
        ratio = rates[0] / rates[-1]
        print(f"{when:40}" + "".join(f"{rate:>22,.0f}" for rate in rates) + f"{ratio:>8.2f}")
        what = f"a sample in a group of {SIZES[-1]:,}, against one of {SIZES[0]}: `{when}`"
        told.append(Row(what, "< 2 x", f"{ratio:.2f} x", held=ratio < 2))
    return 0 if tell(*told) else 1


def _judge(rule: Rule, facts: Facts) -> Callable[[], object]:
    judge = rule.bind({})
    if judge is None:
        raise SystemExit(f"{rule.name} matches nothing")
    verdict = judge.verdict
    return lambda: verdict(facts, firing=False, severity=None)


def _bare(bare: Bare, facts: Facts) -> Callable[[], object]:
    common, cdc = facts.common or Counts(), facts.cdc or Counts()
    return lambda: bare(common, cdc)


def _facts() -> Facts:
    return Facts(at=AT, common=Counts(running=20), cdc=Counts(running=5, completed=3), up=True)


def _history(runs: int) -> Window:
    window = Window(timedelta(minutes=15))
    for number in range(runs):
        window.append(AT - timedelta(minutes=14) * (runs - number - 1) / runs, Counts(terminated=number), Counts())
    return window


def _group_rate(when: str, size: int) -> float:
    """Samples a second in a group of `size`: each changes its member, and the group is judged. The best of several."""
    group = Cohort(Rule("group", when=when, by=("account",)), {"account": "prod"})
    keys = [InstanceKey("prod", str(number)) for number in range(size)]
    for key in keys:
        group.join(key, {"account": "prod"})
    step = timedelta(seconds=30) / size
    members = [(keys[number % size], _member(number, AT + number * step)) for number in range(max(SAMPLES, 2 * size))]
    for key, member in members[:size]:
        group.put(key, member)

    def play() -> None:
        for key, member in members[size:]:
            group.put(key, member)
            group.judge(None, member.at, up=True, began=True)

    return (len(members) - size) / min(timeit.repeat(play, number=1, repeat=REPEATS))


def _member(number: int, at: datetime) -> Member:
    counts = Counts(running=20, abnormal=number * 7 % 3)
    return Member(Facts(at=at, common=counts, cdc=Counts(), up=number % 5 > 0, age=0.0), seen=at, at=at)


def _rate(function: Callable[[], object], *, rounds: int = ROUNDS) -> float:
    """Calls a second, the best of several runs."""
    return rounds / min(timeit.repeat(function, number=rounds, repeat=REPEATS))


if __name__ == "__main__":
    raise SystemExit(main())
