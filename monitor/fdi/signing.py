"""Signs requests with SDK-HMAC-SHA256, Huawei Cloud's scheme for access keys. Pure.

Source: the official huaweicloudsdkcore 3.1.219, which this agrees with request for request.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, unquote

from yarl import URL

ALGORITHM = "SDK-HMAC-SHA256"
DATE_HEADER = "X-Sdk-Date"
_DATE_NAME = DATE_HEADER.lower()


def wire_url(base: str, segments: Iterable[str], query: Iterable[tuple[str, str]] = ()) -> URL:
    """The URL below `base` exactly as it goes on the wire; it is never quoted again, so what is signed is what is sent.

    `segments` and `query` are plain text: a slash inside a segment is quoted.
    """
    path = "".join("/" + quote(segment, safe="~") for segment in segments)
    asked = canonical_query(query)
    return URL(f"{base}{path}?{asked}" if asked else f"{base}{path}", encoded=True)


def canonical_query(pairs: Iterable[tuple[str, str]]) -> str:
    """`pairs` of plain text, sorted and quoted as the signature wants them."""
    return "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in sorted(pairs))


def sdk_date(at: datetime) -> str:
    """`at`, an aware UTC time, in the form of the date header. The gateway refuses what is 15 minutes off."""
    return f"{at.year:04}{at.month:02}{at.day:02}T{at.hour:02}{at.minute:02}{at.second:02}Z"


@dataclass(frozen=True, slots=True)
class Draft:
    """A request worked out for signing but for its date, since polls send the same one again and again.

    `before` and `after` are the canonical request on both sides of the date; `signed` names the headers it covers.
    """

    before: str
    after: str
    signed: str

    def sign(self, date: str, *, access_key: str, secret_key: str) -> str:
        """The Authorization header of this request when it carries `date` (see `sdk_date`) in the date header."""
        digest = hashlib.sha256(f"{self.before}{date}{self.after}".encode()).hexdigest()
        text = f"{ALGORITHM}\n{date}\n{digest}"
        signature = hmac.digest(secret_key.encode(), text.encode(), "sha256").hex()
        return f"{ALGORITHM} Access={access_key}, SignedHeaders={self.signed}, Signature={signature}"


def draft(method: str, url: URL, headers: Mapping[str, str], body: bytes = b"") -> Draft:
    """A request for signing. `headers` are those to sign beside the date; Authorization is never among them.

    Headers with an underscore in their name are left out of the signature, as the official SDK does.
    """
    lowered = {name.lower(): value.strip() for name, value in headers.items() if "_" not in name}
    names = sorted({*lowered, _DATE_NAME})
    place = names.index(_DATE_NAME)
    path = quote(unquote(url.raw_path), safe="/~")
    slash = "" if path.endswith("/") else "/"
    head = "".join(f"{name}:{lowered[name]}\n" for name in names[:place])
    tail = "".join(f"{name}:{lowered[name]}\n" for name in names[place + 1 :])
    signed = ";".join(names)
    return Draft(
        before=f"{method.upper()}\n{path}{slash}\n{_query_of(url)}\n{head}{_DATE_NAME}:",
        after=f"\n{tail}\n{signed}\n{hashlib.sha256(body).hexdigest()}",
        signed=signed,
    )


def _query_of(url: URL) -> str:
    if not url.raw_query_string:
        return ""
    parts = [part.partition("=") for part in url.raw_query_string.split("&")]
    return canonical_query((unquote(name), unquote(value)) for name, _, value in parts)
