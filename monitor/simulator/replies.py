"""Every documented error: status, code, text and the shape of its body. Pure data.

The names of `ERRORS` are also the kinds of faults that answer with them. Sources: Huawei Cloud's API gateway, FDI,
ROMA Connect and IAM error code pages.
"""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass
from typing import Any

from monitor.simulator.quota import Limit


class Shape(enum.Enum):
    """How an error body is written."""

    SERVICE = enum.auto()
    GATEWAY = enum.auto()
    DETAILED = enum.auto()
    CAMEL = enum.auto()
    PLAIN = enum.auto()
    KEYSTONE = enum.auto()
    HTML = enum.auto()


@dataclass(frozen=True, slots=True)
class Error:
    """One documented refusal."""

    status: int
    code: str
    text: str
    shape: Shape = Shape.GATEWAY
    headers: tuple[tuple[str, str], ...] = ()

    def body(self, request_id: str) -> tuple[bytes, str]:
        """The body and its content type."""
        if self.shape is Shape.HTML:
            page = f"<html><head><title>{self.text}</title></head><body><h1>{self.text}</h1></body></html>"
            return page.encode(), "text/html"
        return json.dumps(self._fields(request_id), ensure_ascii=False).encode(), "application/json"

    def _fields(self, request_id: str) -> dict[str, Any]:
        match self.shape:
            case Shape.SERVICE:
                return {"error_code": self.code, "error_msg": self.text}
            case Shape.DETAILED:
                named = {"error_code": self.code, "error_msg": self.text, "error_details": self.text}
                return {**named, "request_id": request_id}
            case Shape.CAMEL:
                return {"errorCode": self.code, "errorMsg": self.text}
            case Shape.PLAIN:
                return {"code": self.code, "message": self.text}
            case Shape.KEYSTONE:
                return {"error": {"message": self.text, "code": self.status, "title": self.code}}
            case _:
                return {"error_msg": self.text, "error_code": self.code, "request_id": request_id}


def throttled(limit: Limit, *, retry_after: bool = False) -> Error:
    """The documented 429."""
    text = f"The throttling threshold has been reached: policy user over ratelimit,{limit.words}"
    headers = (("Retry-After", str(max(1, round(limit.per)))),) if retry_after else ()
    return Error(429, "APIGW.0308", text, headers=headers)


def unauthenticated(why: str) -> Error:
    """The documented 401 of the gateway with its variants."""
    return Error(401, "APIGW.0301", f"Incorrect IAM authentication information: {why}")


def unauthorized(why: str) -> Error:
    """The 401 of IAM in keystone's shape."""
    return Error(401, "Unauthorized", why, Shape.KEYSTONE)


INVALID = Error(400, "FDI.3002", "Invalid parameters.", Shape.SERVICE)
WRONG_PROJECT = Error(
    400, "FDI.3039", "The project ID is empty or inconsistent with the project ID in the URL.", Shape.SERVICE
)
NO_INSTANCE = Error(404, "APIG.3030", "The instance does not exist", Shape.DETAILED)
NO_API = Error(404, "APIGW.0101", "The API does not exist or has not been published in the environment")
STALE_TOKEN = Error(401, "APIGW.0307", "The token must be updated.")

ERRORS: dict[str, Error] = {
    "400": INVALID,
    "400-token": Error(400, "ROMA.1002", "Incorrect token or token resolution failed", Shape.DETAILED),
    "400-project": WRONG_PROJECT,
    "401": unauthenticated("decrypt token fail"),
    "401-signature": unauthenticated("verify aksk signature fail"),
    "401-locked": unauthenticated("AK access failed to reach the limit,forbidden"),
    "401-stale": STALE_TOKEN,
    "401-keystone": unauthorized("The request you have made requires authentication."),
    "403": Error(403, "APIGW.0302", "Incorrect IAM authorization: the user is not authorized to call the API"),
    "404-api": NO_API,
    "404-instance": NO_INSTANCE,
    "404-task": Error(404, "FDI.3081", "The task does not exist.", Shape.SERVICE),
    "405": Error(405, "APIGW.0501", "The app quota of the API has been used up"),
    "408": Error(408, "APIGW.0201", "Request timeout"),
    "413": Error(413, "APIGW.0201", "Request entity too large"),
    "429": throttled(Limit(20, 1)),
    "494": Error(494, "APIGW.0201", "Request headers too large"),
    "500": Error(500, "FDI.9999", "Network error.", Shape.SERVICE),
    "500-gateway": Error(500, "APIGW.0601", "Internal server error"),
    "500-instance": Error(500, "ROMA.00110002", "The instance does not exist", Shape.DETAILED),
    "500-camel": Error(500, "FDI.9999", "Network error.", Shape.CAMEL),
    "500-plain": Error(500, "FDI.9999", "Network error.", Shape.PLAIN),
    "502": Error(502, "APIGW.0610", "No backend available"),
    "503": Error(503, "APIGW.0613", "IAM unavailable"),
    "503-html": Error(503, "", "503 Service Temporarily Unavailable", Shape.HTML),
    "504": Error(504, "APIGW.0201", "Backend timeout"),
}
