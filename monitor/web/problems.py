"""The errors of our own API: `application/problem+json` (RFC 9457), whoever made them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import ValidationError
from typing_extensions import TypedDict

from monitor.web.trouble import KEPT

OWN = "/api/fdi/"
MEDIA = "application/problem+json"


class Place(TypedDict):
    """What is wrong where: the path of a value in the body, or the name of a parameter."""

    place: str
    message: str


class ProblemTold(TypedDict):
    """An error. `type` is always `about:blank`: the status says what kind it is, `detail` what to do."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[Place]


class Problem(Exception):
    """A request that cannot be answered; `tells` makes an answer of it."""

    def __init__(self, status: int, detail: str, errors: Iterable[Place] = ()) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors = status, detail, list(errors)

    def answer(self) -> web.Response:
        """The answer that says so."""
        return problem(self.status, self.detail, self.errors)


def problem(
    status: int, detail: str, errors: Iterable[Place] = (), *, headers: Mapping[str, str] | None = None
) -> web.Response:
    """The answer to a request that cannot be done."""
    told: ProblemTold = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": list(errors),
    }
    return web.json_response(told, status=status, content_type=MEDIA, headers=headers)


def invalid(error: ValidationError) -> Problem:
    """What pydantic has found, each with its place."""
    found = [_place(one) for one in error.errors(include_url=False)]
    said = "; ".join(f"{one['place']}: {one['message']}" if one["place"] else one["message"] for one in found)
    return Problem(400, said, found)


def _place(found: Mapping[str, Any]) -> Place:
    return {"place": ".".join(str(part) for part in found["loc"]), "message": str(found["msg"])}


@web.middleware
async def as_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Says what went wrong before or behind a room of our own API in that API's way."""
    answer = await handler(request)
    if not request.path.startswith(OWN) or answer.status < 400 or answer.content_type == MEDIA:
        return answer
    words = answer.text or "" if isinstance(answer, web.Response) else ""
    detail = words.strip().removeprefix(f"{answer.status}: ") or HTTPStatus(answer.status).phrase
    headers = {name: answer.headers[name] for name in KEPT if name in answer.headers}
    return problem(answer.status, detail, headers=headers)
