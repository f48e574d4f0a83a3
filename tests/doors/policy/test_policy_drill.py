"""`drill:` as files write it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from policy_folders import ENVIRONMENT, WHOLE, folder

from monitor.drill import Schedule
from monitor.errors import PolicyError
from monitor.policy.loader import load
from monitor.policy.reload import compared

DAILY = 'drill: {cron: "0 9 * * *", timezone: Asia/Shanghai'


def test_it_is_read_and_a_reload_sees_it(tmp_path: Path) -> None:
    before = load(folder(tmp_path / "rules"), ENVIRONMENT)
    assert before.drill is None
    name = before.receivers[0].name
    written = WHOLE + f"{DAILY}, receivers: [{name}], within: 30s}}\n"
    after = load(folder(tmp_path / "rules", written), ENVIRONMENT)
    assert after.drill == Schedule("0 9 * * *", ZoneInfo("Asia/Shanghai"), (name,), timedelta(seconds=30))
    assert load(folder(tmp_path / "rules", written), {}, doors=False).drill == after.drill
    assert compared(before, after).changed
    assert compared(before, after).as_dict()["drill"] == "changed"
    assert load(folder(tmp_path / "rules", f"{WHOLE}{DAILY}}}\n"), ENVIRONMENT).drill == Schedule(
        "0 9 * * *", ZoneInfo("Asia/Shanghai")
    )


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (f"{DAILY}, receivers: [nobody]}}", "there is no receiver"),
        ('drill: {cron: "0 9 * * *"}', "timezone"),
        ('drill: {cron: "9 o\'clock", timezone: UTC}', "is not a cron expression"),
        ('drill: {cron: "0 9 * * *", timezone: Asia/Shangai}', "Asia/Shanghai"),
        (f"{DAILY}, within: 10ms}}", "at least 1s"),
        ("drill: daily", "should be a mapping: `cron:"),
        (f"{DAILY}}}\ndrill: {{}}", "drill"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, written: str, message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        load(folder(tmp_path / "rules", WHOLE + written + "\n"), ENVIRONMENT)
    assert message in str(caught.value)
