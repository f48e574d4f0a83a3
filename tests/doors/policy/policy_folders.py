"""A folder of policy files as a test writes it."""

from __future__ import annotations

from pathlib import Path

ACCOUNTS = """
accounts:
  - name: prod
    region: cn-north-4
    auth: {token: "${TOKEN}"}
"""
TELLING = """
receivers:
  - name: ops-chat
    console: {}
route: {receiver: ops-chat}
"""
RULES = """
rules:
  - name: cdc
    when: cdc.abnormal > 0
    severity: critical
"""
WHOLE = ACCOUNTS + TELLING + RULES
ENVIRONMENT = {"TOKEN": "canary-4711"}


def folder(where: Path, text: str | bytes = WHOLE, **others: str | bytes) -> Path:
    """A folder with `policy.yaml` and others; `a=...` is `a.yaml`."""
    where.mkdir(exist_ok=True)
    for name, content in {"policy": text, **others}.items():
        data = content if isinstance(content, bytes) else content.encode()
        (where / f"{name}.yaml").write_bytes(data)
    return where
