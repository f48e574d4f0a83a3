"""What another side said, made safe to show: one short line, without secrets and control characters."""

from __future__ import annotations

from urllib.parse import quote

from monitor.writing import clean

LIMIT = 200
MASK = "***"
SHORTEST = 4
"""Masking a shorter one would hide the text and not the secret."""


def scrub(text: str, *secrets: str) -> str:
    """`text` with each of `secrets`, also in its URL-encoded form, masked; those shorter than `SHORTEST` are not."""
    for secret in sorted((secret for secret in secrets if len(secret) >= SHORTEST), key=len, reverse=True):
        for form in (secret, quote(secret), quote(secret, safe="")):
            text = text.replace(form, MASK)
    return clean(text, LIMIT)
