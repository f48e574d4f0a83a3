"""How commands that read the policy tell its warnings."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.cli.policies import load_policy

POLICY = """
accounts: [{name: prod, region: cn-north-4, auth: {token: none}}]
rules: [{name: broken, when: abnormal > 0, severity: critical}]
receivers: [{name: screen, console: {}}, {name: unused, console: {}}]
route: {receiver: screen}
"""


def test_they_are_shown_or_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "all.yaml").write_text(POLICY)
    load_policy(tmp_path)
    assert "no route leads to this receiver" in capsys.readouterr().err
    load_policy(tmp_path, briefly=True)
    assert capsys.readouterr().err == "fdi-monitor: the policy has a warning: fdi-monitor check shows them\n"
    (tmp_path / "all.yaml").write_text(POLICY.replace(", {name: unused, console: {}}", ""))
    load_policy(tmp_path, briefly=True)
    assert capsys.readouterr().err == ""
