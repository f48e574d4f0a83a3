"""What another side said, made safe to show: one short line, without secrets and control characters."""

from __future__ import annotations

from urllib.parse import quote

from monitor.wording import clean

LIMIT = 200
MASK = "***"


def scrub(text: str, *secrets: str) -> str:
    """`text` with every one of `secrets`, also in its URL-encoded form, masked. Empty secrets are none."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        for form in (secret, quote(secret), quote(secret, safe="")):
            text = text.replace(form, MASK)
    return clean(text, LIMIT)
