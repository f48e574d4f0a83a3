"""Standard Webhooks: three headers by which a receiver knows that a request is ours, whole and new. Pure.

Source: the specification of Standard Webhooks, symmetric signatures (v1).
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

from monitor.notifiers.signatures import base64_hmac

_PREFIX = "whsec_"


def key_of(secret: str) -> bytes:
    """The key: what follows `whsec_` in base64, else the text itself. ValueError if that is not base64."""
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("secret: what follows whsec_ must be base64") from None


def signed(secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of a request with this body that leaves at `at`. The id is the same at every try."""
    stamp = str(int(at.timestamp()))
    text = f"{message_id}.{stamp}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64_hmac(key_of(secret), text)}",
    }
