"""`/api/fdi/v1/openapi.json`: the document of our own API, made of the table of routes and the rooms' contracts."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aiohttp import web
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode

import monitor
from monitor.web.contract import CONTRACTS, JSON, Contract, tells
from monitor.web.problems import MEDIA, OWN, ProblemTold

routes = web.RouteTableDef()

_REF = "#/components/schemas/{model}"
_WORDS = {
    200: "Done.",
    400: "The request is not what it has to be; `errors` says where.",
    404: "There is no such thing.",
    409: "It cannot be done as things stand.",
}
_DESCRIPTION = (
    "What fires and waits, who was told and why not, what is polled and how it stood. Lists come in pages: `next` is "
    "the cursor of the page that follows. Errors are problems (RFC 9457)."
)

_DOCUMENT = web.AppKey("document", dict[str, Any])


@routes.get("/api/fdi/v1/openapi.json")
@tells(dict[str, Any])
async def document(request: web.Request) -> web.Response:
    """This document."""
    known = request.app[_DOCUMENT]
    if not known:
        known |= written(request.app.router.routes())
    return web.json_response(known)


def describe(app: web.Application) -> None:
    """Has the document of all rooms made when somebody asks for it first."""
    app[_DOCUMENT] = {}


def written(table: Iterable[web.AbstractRoute]) -> dict[str, Any]:
    """The document, OpenAPI 3.1."""
    schemas: dict[str, Any] = {}
    paths: dict[str, dict[str, Any]] = {}
    for route, contract in own(table):
        place = route.resource.canonical if route.resource else ""
        paths.setdefault(place, {})[route.method.lower()] = _operation(route, place, contract, schemas)
    problem = _schema(ProblemTold, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "FDI Monitor", "version": monitor.__version__, "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "security": [{}, {"basic": []}, {"bearer": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "responses": {"Problem": {"description": "What is wrong.", "content": {MEDIA: {"schema": problem}}}},
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def own(table: Iterable[web.AbstractRoute]) -> Iterator[tuple[web.AbstractRoute, Contract]]:
    """The rooms of our own API with their contracts; HEAD is GET without a body.

    Raises:
        KeyError: one has none.
    """
    for route in table:
        if route.resource is not None and route.resource.canonical.startswith(OWN) and route.method != "HEAD":
            yield route, CONTRACTS[route.handler]


def _operation(route: web.AbstractRoute, place: str, contract: Contract, schemas: dict[str, Any]) -> dict[str, Any]:
    handler = route.handler
    room = inspect.getmodule(handler)
    words = inspect.getdoc(handler) or ""
    done: dict[str, Any] = {"description": _WORDS[200]}
    if contract.answer is not None:
        done["content"] = {contract.media: {"schema": _schema(contract.answer, schemas)}}
    elif contract.media != JSON:
        done["content"] = {contract.media: {"schema": {"type": "string"}}}
    found: dict[str, Any] = {
        "operationId": f"{room.__name__.rpartition('.')[2] if room else ''}_{handler.__name__}",
        "summary": words.partition("\n")[0],
        "parameters": [*_of_path(place), *_of_query(contract.query)],
        "responses": {"200": done, **{str(status): _refusal(status) for status in contract.refusals}},
    }
    found["responses"]["default"] = {"$ref": "#/components/responses/Problem"}
    if contract.body is not None:
        content = {JSON: {"schema": _schema(contract.body, schemas, mode="validation")}}
        found["requestBody"] = {"required": True, "content": content}
    return found


def _refusal(status: int) -> Mapping[str, Any]:
    return {
        "description": _WORDS[status],
        "content": {MEDIA: {"schema": {"$ref": _REF.format(model=ProblemTold.__name__)}}},
    }


def _of_path(place: str) -> Iterator[dict[str, Any]]:
    for part in place.split("/"):
        if part.startswith("{"):
            yield {"name": part.strip("{}"), "in": "path", "required": True, "schema": {"type": "string"}}


def _of_query(model: type[BaseModel] | None) -> Iterator[dict[str, Any]]:
    if model is None:
        return
    found = model.model_json_schema()
    for name, schema in found["properties"].items():
        shown = {key: value for key, value in schema.items() if key not in ("title", "description")}
        if reference := shown.get("items", {}).get("$ref"):
            shown["items"] = {"type": "string", "enum": found["$defs"][reference.rpartition("/")[2]]["enum"]}
        yield {
            "name": name,
            "in": "query",
            "required": name in found.get("required", ()),
            "description": schema.get("description", ""),
            "schema": shown,
        }


def _schema(kind: Any, schemas: dict[str, Any], *, mode: JsonSchemaMode = "serialization") -> dict[str, Any]:
    """The schema of a type, its parts among `schemas`."""
    shown, found = TypeAdapter.json_schemas([(kind, mode, TypeAdapter(kind))], ref_template=_REF)
    schemas |= found.get("$defs", {})
    return shown[kind, mode]
