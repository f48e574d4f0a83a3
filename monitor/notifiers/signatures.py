"""HMAC-SHA256 as chats and webhooks write it. Pure."""

from __future__ import annotations

import base64
import hmac


def base64_hmac(key: bytes, text: bytes) -> str:
    """The digest of `text` under `key`, in base64."""
    return base64.b64encode(hmac.digest(key, text, "sha256")).decode()
