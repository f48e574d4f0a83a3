"""What the policy says about keeping quiet, as values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from monitor.flapping import Flapping
from monitor.inhibition import Inhibit
from monitor.matchers import parse
from monitor.policy.loader import load
from monitor.policy.policy import Policy
from monitor.quieting import Maintenance, Quieting
from monitor.routing import Step
from monitor.timewindows import Fixed, Recurring

RULES = [
    {"name": "a", "when": "abnormal > 0", "severity": "warning"},
    {"name": "b", "when": "abnormal > 0", "severity": "warning", "flapping": False},
    {"name": "c", "when": "abnormal > 0", "severity": "warning", "flapping": {"window": "2h", "high": "50%"}},
]
RECEIVERS: list[dict[str, object]] = [{"name": name, "console": {}} for name in ("ops", "manager")]


def policy(folder: Path, **content: object) -> Policy:
    (folder / "policy.yaml").write_text(
        yaml.safe_dump({"receivers": RECEIVERS, "rules": RULES, "route": {"receiver": "ops"}, **content}), "utf-8"
    )
    return load(folder, {}, doors=False)


def test_windows_maintenance_inhibition_and_flapping(tmp_path: Path) -> None:
    found = policy(
        tmp_path,
        windows=[
            {"name": "nights", "cron": "0 22 * * *", "duration": "9h", "timezone": "Asia/Shanghai"},
            {"name": "春节", "from": "2026-02-15T00:00:00+08:00", "to": "2026-02-22T00:00:00+08:00"},
        ],
        maintenance=[{"match": 'account="prod"', "window": "春节"}],
        inhibit=[{"source": 'severity="critical"', "target": 'severity="warning"', "equal": ["instance"]}],
    )
    assert found.quieting == Quieting(
        windows={
            "nights": Recurring("nights", "0 22 * * *", timedelta(hours=9), ZoneInfo("Asia/Shanghai")),
            "春节": Fixed("春节", datetime(2026, 2, 14, 16, tzinfo=UTC), datetime(2026, 2, 21, 16, tzinfo=UTC)),
        },
        maintenance=(Maintenance(parse('account="prod"'), "春节"),),
        inhibit=(Inhibit(parse('severity="critical"'), parse('severity="warning"'), ("instance",)),),
        flapping={"posted": Flapping(), "a": Flapping(), "c": Flapping(timedelta(hours=2), 0.5, 0.25)},
    )


def test_a_policy_that_says_nothing_lets_nothing_but_flapping_keep_it_quiet(tmp_path: Path) -> None:
    assert policy(tmp_path, rules=RULES[:1]).quieting == Quieting(flapping={"posted": Flapping(), "a": Flapping()})


def test_routes_inherit_what_they_do_not_say(tmp_path: Path) -> None:
    window = {"name": "nights", "cron": "0 22 * * *", "duration": "9h", "timezone": "Asia/Shanghai"}
    route = {
        "receiver": "ops",
        "mute": ["nights"],
        "repeat_limit": 3,
        "steps": [{"after": "15m", "unless": "acknowledged", "receiver": "manager"}],
        "routes": [
            {"match": 'severity="info"', "mute": [], "active": ["nights"], "steps": [], "repeat_limit": 0},
            {"match": 'severity="warning"'},
        ],
    }
    root = policy(tmp_path, windows=[window], route=route).route
    step = Step("manager", timedelta(minutes=15), unless_acknowledged=True)
    info, warning = root.routes
    assert (root.mute, root.active, root.repeat_limit, root.steps) == (("nights",), (), 3, (step,))
    assert (info.mute, info.active, info.repeat_limit, info.steps) == ((), ("nights",), 0, ())
    assert (warning.mute, warning.active, warning.repeat_limit, warning.steps) == (("nights",), (), 3, (step,))
    told = [(each.receiver, each.path) for each in root.told({"severity": "warning"})]
    assert told == [("ops", '{}/{severity="warning"}'), ("manager", '{}/{severity="warning"}/after=15m')]
