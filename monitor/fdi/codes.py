"""The cloud's error codes and what follows from each: a table. Pure.

Sources: https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-errorcode.html (APIGW),
https://support.huaweicloud.com/intl/en-us/api-roma/ErrorCode_fdi.html (FDI), ROMA Connect's common codes. Shared
gateways write APIG. where the page says APIGW.; both are one code here.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

BACKEND = ("FDI.", "ROMA.")
"""Codes that begin so come from behind the gateway, which had let the request pass."""


class Fate(enum.StrEnum):
    """What to do about a refusal."""

    AUTH = "authenticate once more"
    LOCKED = "do not authenticate again for a while"
    REFUSED = "do not ask the same again"
    THROTTLED = "wait"
    TRANSIENT = "ask again later"
    GARBAGE = "not an answer of the API at all"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a code means: `what` happened, and what people should do about it (empty: the account knows, or nothing)."""

    fate: Fate
    what: str
    advice: str = ""


_AUTH = Verdict(Fate.AUTH, "the credentials were refused")
_LOCKED = Verdict(Fate.LOCKED, "the credentials are locked after too many failures")
_PERMISSION = Verdict(
    Fate.REFUSED,
    "not permitted",
    "give the user ROMA ReadOnlyAccess in this project, and allow this machine's address in its access policy",
)
_THROTTLED = Verdict(Fate.THROTTLED, "throttled", "lower the account's quota, or have Huawei Cloud raise its limit")
_USED_UP = Verdict(Fate.REFUSED, "the account's call quota is used up", "raise it with Huawei Cloud")
_FROZEN = Verdict(Fate.REFUSED, "the application is frozen", "have it unfrozen in the console")
_NO_API = Verdict(Fate.REFUSED, "no such API at this address", "check region and endpoint of the account")
_BAD_REQUEST = Verdict(Fate.REFUSED, "the request was not accepted", "check endpoint, project id and instance id")
_PROJECT = Verdict(Fate.REFUSED, "the project id does not fit the credentials", "check project_id of the account")
_NO_INSTANCE = Verdict(Fate.REFUSED, "no such instance", "check its id, and that it is in this project and region")
_HEADERS = Verdict(
    Fate.REFUSED, "the request is too large for the gateway", "a very long token? use an access key instead"
)
_TRANSIENT = Verdict(Fate.TRANSIENT, "the cloud failed for now")
_REDIRECT = Verdict(
    Fate.GARBAGE, "answered with a redirect", "is the endpoint right, is a proxy or a login page in between?"
)
_ODD = Verdict(Fate.GARBAGE, "answered with a status that is not documented", "check the endpoint of the account")

_BY_TEXT: tuple[tuple[re.Pattern[str], Verdict], ...] = (
    (re.compile(r"access failed to reach the limit", re.IGNORECASE), _LOCKED),
    (re.compile(r"over ratelimit|throttling threshold", re.IGNORECASE), _THROTTLED),
    (re.compile(r"instance does not exist", re.IGNORECASE), _NO_INSTANCE),
)

_BY_CODE_AND_STATUS: dict[tuple[str, int], Verdict] = {
    ("APIGW.0201", 400): _BAD_REQUEST,
    ("APIGW.0201", 413): _HEADERS,
    ("APIGW.0201", 414): _HEADERS,
    ("APIGW.0201", 494): _HEADERS,
    ("APIGW.0201", 502): _TRANSIENT,
    ("APIGW.0201", 504): _TRANSIENT,
}


def _rows(verdict: Verdict, prefix: str, numbers: str) -> dict[str, Verdict]:
    return {f"{prefix}.{number}": verdict for number in numbers.split()}


_BY_CODE: dict[str, Verdict] = {
    **_rows(_AUTH, "APIGW", "0301 0303 0305 0307 0311"),
    **_rows(_PERMISSION, "APIGW", "0302 0304 0306 0310 0401 0402 0801 0802"),
    **_rows(_THROTTLED, "APIGW", "0308"),
    **_rows(_USED_UP, "APIGW", "0501"),
    **_rows(_FROZEN, "APIGW", "0502"),
    **_rows(_NO_API, "APIGW", "0101 0103"),
    **_rows(_BAD_REQUEST, "APIGW", "0104 0105 0106 0602 0607"),
    **_rows(_TRANSIENT, "APIGW", "0601 0605 0606 0608 0609 0610 0611 0612 0613 0705"),
    **_rows(_NO_INSTANCE, "APIGW", "3030"),
    **_rows(_AUTH, "ROMA", "1000 1002"),
    **_rows(_PERMISSION, "ROMA", "1006"),
    **_rows(_NO_API, "ROMA", "1007"),
    **_rows(_BAD_REQUEST, "ROMA", "13000"),
    **_rows(_NO_INSTANCE, "ROMA", "00110002"),
    **_rows(_BAD_REQUEST, "FDI", "3002 3016 3019 3020 3021 3026 3027 3033 3081"),
    **_rows(_PROJECT, "FDI", "3039"),
    **_rows(_TRANSIENT, "FDI", "9999"),
}

_BY_STATUS: dict[int, Verdict] = {
    401: _AUTH,
    403: _PERMISSION,
    404: Verdict(Fate.REFUSED, "not found", "check instance id, project id, region and endpoint"),
    408: _TRANSIENT,
    413: _HEADERS,
    414: _HEADERS,
    429: _THROTTLED,
    431: _HEADERS,
    494: _HEADERS,
}


def verdict_of(status: int, code: str, message: str) -> Verdict:
    """What follows from an answer that is no success: by the words of its message, its code, or at last its status."""
    for pattern, verdict in _BY_TEXT:
        if pattern.search(message):
            return verdict
    code = code.replace("APIG.", "APIGW.", 1)
    return _BY_CODE_AND_STATUS.get((code, status)) or _BY_CODE.get(code) or _BY_STATUS.get(status) or _by_class(status)


def _by_class(status: int) -> Verdict:
    if 300 <= status < 400:
        return _REDIRECT
    if 400 <= status < 500:
        return _BAD_REQUEST
    return _TRANSIENT if status >= 500 else _ODD
