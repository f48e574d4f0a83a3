"""The gateway's side of SDK-HMAC-SHA256: what a signed request must look like. Pure.

Source: Huawei Cloud API signing guide. Independent of the client of this project on purpose: it judges it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote

ALGORITHM = "SDK-HMAC-SHA256"
SKEW = timedelta(minutes=15)
"""How far X-Sdk-Date may be from the gateway's clock."""

_HEADER = re.compile(
    rf"{ALGORITHM}\s+Access=(?P<access>[^,\s]+),\s*SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]{{64}})"
)


@dataclass(frozen=True, slots=True)
class Signed:
    """The Authorization header taken apart."""

    access_key: str
    headers: tuple[str, ...]
    signature: str


def parse(authorization: str) -> Signed | None:
    """The parts of an Authorization header; None if it is not one of this algorithm."""
    found = _HEADER.fullmatch(authorization.strip())
    return Signed(found["access"], tuple(found["headers"].split(";")), found["signature"]) if found else None


def moment(date: str) -> datetime | None:
    """X-Sdk-Date (`20251022T080000Z`) in UTC; None if it is not one."""
    try:
        return datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def canonical_request(
    method: str, target: str, *, headers: Mapping[str, str], signed: tuple[str, ...], body: bytes
) -> str:
    """What is hashed. `target` is path and query as on the wire; `headers` are looked up in lower case."""
    path, query = _canonical_target(target)
    lines = "".join(f"{name}:{headers.get(name, '').strip()}\n" for name in signed)
    return "\n".join((method, path, query, lines, ";".join(signed), hashlib.sha256(body).hexdigest()))


def sign(secret: str, date: str, canonical: str) -> str:
    """The signature of a canonical request made at `date` (the text of X-Sdk-Date)."""
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return hmac.new(secret.encode(), f"{ALGORITHM}\n{date}\n{digest}".encode(), hashlib.sha256).hexdigest()


@lru_cache(maxsize=16_384)
def _canonical_target(target: str) -> tuple[str, str]:
    path, _, query = target.partition("?")
    segments = "/".join(quote(unquote(segment), safe="~") for segment in path.split("/"))
    pairs = sorted((quote(k, safe="~"), quote(v, safe="~")) for k, v in parse_qsl(query, keep_blank_values=True))
    return segments if segments.endswith("/") else f"{segments}/", "&".join(f"{k}={v}" for k, v in pairs)
