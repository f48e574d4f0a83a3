"""`heartbeat:` as files write it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from policy_folders import ENVIRONMENT, WHOLE, folder

from monitor.errors import PolicyError
from monitor.heartbeat import OFF, Beat
from monitor.policy.loader import load
from monitor.policy.reload import compared
from monitor.redaction import redact

URL = "https://hc.example.com/canary-4712"


def test_it_is_read_its_address_is_a_secret_and_a_reload_sees_it(tmp_path: Path) -> None:
    before = load(folder(tmp_path / "rules"), ENVIRONMENT)
    assert before.heartbeat == OFF
    written = WHOLE + 'heartbeat: {url: "${HEALTHCHECK_URL:-}", every: 30s}\n'
    after = load(folder(tmp_path / "rules", written), {**ENVIRONMENT, "HEALTHCHECK_URL": URL})
    assert after.heartbeat == Beat(URL, timedelta(seconds=30))
    assert "canary" not in repr(after)
    assert "canary" not in redact(f"no answer of {URL}")
    assert compared(before, after).changed
    assert compared(before, after).as_dict()["heartbeat"] == "changed"


def test_an_empty_address_is_off(tmp_path: Path) -> None:
    assert load(folder(tmp_path / "rules", WHOLE + 'heartbeat: {url: "${NONE:-}"}\n'), ENVIRONMENT).heartbeat == OFF


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("heartbeat: {url: ftp://example.com}", "is not a web address"),
        ("heartbeat: {url: https://example.com, every: 10ms}", "at least 1s"),
        ("heartbeat: {every: 10s}", "url"),
        ("heartbeat: https://example.com", "should be a mapping: `url: ADDRESS`"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, written: str, message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        load(folder(tmp_path / "rules", WHOLE + written + "\n"), ENVIRONMENT)
    assert message in str(caught.value)


def test_a_policy_has_one(tmp_path: Path) -> None:
    one = f"heartbeat: {{url: {URL}}}\n"
    with pytest.raises(PolicyError, match=r"there is another `heartbeat` in .*other.yaml.*one heartbeat"):
        load(folder(tmp_path / "rules", WHOLE + one, other=one), ENVIRONMENT)
