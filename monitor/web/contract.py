"""What a room of our own API takes and tells, written at the room: the document of the API is made of it.

@routes.get("/api/fdi/v1/alerts")
@tells(AlertsTold, query=AlertsAsked)
async def listed(request: web.Request) -> web.Response:
    asked = query(request, AlertsAsked)
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar, get_origin

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from monitor.web.problems import Problem, invalid

Room = TypeVar("Room", bound=Callable[[web.Request], Awaitable[web.StreamResponse]])
Model = TypeVar("Model", bound=BaseModel)

JSON = "application/json"
EVENTS = "text/event-stream"


class Asked(BaseModel):
    """Parameters of a query, or a body: nothing but what is named here."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class Contract:
    """Of one room. `answer` is the type of what it tells, None for nothing; `refusals` are the statuses of its own
    problems, beside those that every room may have."""

    answer: Any
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    refusals: tuple[int, ...]
    media: str


CONTRACTS: dict[object, Contract] = {}
"""By the room as it stands in the table of routes."""


def tells(
    answer: Any = None,
    *,
    body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    refusals: tuple[int, ...] = (),
    media: str = JSON,
) -> Callable[[Room], Callable[[web.Request], Awaitable[web.StreamResponse]]]:
    """Writes a room's contract down, and answers its problems."""

    def written(room: Room) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        @functools.wraps(room)
        async def answered(request: web.Request) -> web.StreamResponse:
            try:
                return await room(request)
            except Problem as fault:
                return fault.answer()

        statuses = {*refusals, *((400,) if body or query else ())}
        CONTRACTS[answered] = Contract(answer, body, query, tuple(sorted(statuses)), media)
        return answered

    return written


def query(request: web.Request, model: type[Model]) -> Model:
    """The parameters of a request.

    Raises:
        Problem: they are none of this model.
    """
    given: dict[str, Any] = {}
    for name in request.query:
        field = model.model_fields.get(name)
        several = field is not None and get_origin(field.annotation) is list
        given[name] = request.query.getall(name) if several else request.query[name]
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise invalid(error) from None


async def body(request: web.Request, model: type[Model]) -> Model:
    """The body of a request.

    Raises:
        Problem: it is none of this model.
    """
    try:
        return model.model_validate_json(await request.read())
    except ValidationError as error:
        raise invalid(error) from None
