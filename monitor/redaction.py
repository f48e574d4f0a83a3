"""Keeps secrets out of text: those that were declared, and what looks like one.

Every text on its way to a log, a terminal or a page passes `redact`. Whoever reads a secret calls `protect` first.
"""

from __future__ import annotations

import json
import re
from urllib.parse import quote

MASK = "***"
SHORTEST = 4
"""Shorter declared secrets are left to the patterns: masking every `a` would hide the text, not the secret."""

_NAMES = (
    r"access_?token|app_?secret|auth_token|client_secret|passwd|password|routing_key|secret|secret_key|security_token"
    r"|sig|sign|signature|token"
)
_HEADERS = r"authorization|proxy-authorization|x-auth-token|x-subject-token|x-security-token|x-gitlab-token"
_QUOTE = r"\\?[\"']"
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # query parameters and assignments; `key=` only in a query, for it is an everyday word elsewhere
        rf"((?:\b(?:{_NAMES})|[?&]key)=)[^\s&#\"'<>*]+",
        # JSON and repr: "password": "..."
        rf"({_QUOTE}(?:{_NAMES}){_QUOTE}\s*:\s*{_QUOTE})(?:(?!{_QUOTE}).)+",
        # headers, in wire form or in the repr of a mapping
        rf"((?:{_HEADERS}){_QUOTE}?\s*[:=,]\s*{_QUOTE}?)[^\s\"'*][^\r\n\"']*",
        r"(\b(?:bearer|basic)\s+)[a-z0-9+/._~=-]{8,}",
        # chat robots carry their secret in the path
        r"(/hooks?/)[^\s/?#\"'<>*]+",
        r"(/webhooks/[^\s/?#\"']+/)[^\s/?#\"'<>*]+",
        r"(hooks\.slack\.com/(?:services|workflows|triggers)/)[^\s?#\"'<>*]+",
        r"(/bot)\d+:[^\s/?#\"'<>]+",
        # credentials before the host of an address
        r"(://[^\s/:@\"']*:)[^\s/@\"'*]+(?=@)",
    )
)

_HINT = re.compile(r"[=:/,]|bearer|basic", re.IGNORECASE)
"""Each pattern needs one of these; most values of a log line have none."""


class Redactor:
    """A register of secrets. Safe to share between threads: the compiled pattern is replaced in one step."""

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._declared: re.Pattern[str] | None = None

    def protect(self, secret: str) -> None:
        """Masks `secret` from now on, also where it stands quoted in a URL or escaped in JSON or a repr."""
        value = secret.strip()
        if len(value) < SHORTEST:
            return
        forms = {value, quote(value), quote(value, safe=""), json.dumps(value)[1:-1], repr(value)[1:-1]}
        if forms <= self._forms:
            return
        self._forms |= forms
        # the longest first: a secret that contains another one is masked whole
        self._declared = re.compile("|".join(map(re.escape, sorted(self._forms, key=lambda form: (-len(form), form)))))

    def redact(self, text: str) -> str:
        """`text` with every declared secret, and whatever looks like one, replaced by `***`."""
        if self._declared is not None:
            text = self._declared.sub(MASK, text)
        if _HINT.search(text):
            for pattern in _PATTERNS:
                text = pattern.sub(rf"\g<1>{MASK}", text)
        return text


_shared = Redactor()
protect = _shared.protect
redact = _shared.redact
