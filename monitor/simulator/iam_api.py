"""IAM over HTTP: tokens for the one user, and the project of its region."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from hmac import compare_digest
from typing import Any

from aiohttp import web

from monitor.simulator.cloud import Cloud
from monitor.simulator.faults import IAM, Fault
from monitor.simulator.gate import Gate
from monitor.simulator.identity import Token
from monitor.simulator.misbehaviour import Occasion, misbehave
from monitor.simulator.replies import Error, Shape, unauthorized
from monitor.simulator.wire import Declined

_BAD_BODY = Error(400, "Bad Request", "The request body is invalid", Shape.KEYSTONE)
_WRONG = unauthorized("The username or password is wrong.")
_LOCKED = unauthorized("The account is locked because of too many failed logins. Try again in 15 minutes.")


class IamApi:
    """Two calls; neither counts against the quota of FDI."""

    def __init__(self, cloud: Cloud, gate: Gate, closing: asyncio.Event) -> None:
        self._cloud = cloud
        self._gate = gate
        self._closing = closing

    def routes(self) -> Iterable[web.RouteDef]:
        yield web.post("/v3/auth/tokens", self._gate.guard(self._create_token))
        yield web.get("/v3/projects", self._gate.guard(self._projects), allow_head=False)

    async def _create_token(self, request: web.Request) -> web.StreamResponse:
        at, fault = self._arrive("token")
        login = await _login(request)
        self._check(login, at)
        spoilt = await self._spoil(request, fault)
        if spoilt is not None:
            return spoilt
        token = self._cloud.tokens.issue(at)
        body = {"token": self._described(token)}
        return web.json_response(body, status=201, headers={"X-Subject-Token": token.value})

    async def _projects(self, request: web.Request) -> web.StreamResponse:
        at, fault = self._arrive("projects")
        await self._gate.authenticate(request, at, fault)
        spoilt = await self._spoil(request, fault)
        if spoilt is not None:
            return spoilt
        account, name = self._cloud.account, request.query.get("name")
        project = {
            "domain_id": "d78cbac186b744899480f25bd022f468",
            "is_domain": False,
            "parent_id": "d78cbac186b744899480f25bd022f468",
            "name": account.region,
            "description": "",
            "links": {"self": f"{request.url.origin()}/v3/projects/{account.project_id}"},
            "id": account.project_id,
            "enabled": True,
        }
        links = {"self": str(request.url), "next": None, "previous": None}
        return web.json_response({"links": links, "projects": [project] if name in (None, account.region) else []})

    def _arrive(self, call: str) -> tuple[datetime, Fault | None]:
        at = self._cloud.clock()
        self._cloud.figures.calls[call] += 1
        return at, self._cloud.faults.pick((IAM,), at.timestamp())

    async def _spoil(self, request: web.Request, fault: Fault | None) -> web.StreamResponse | None:
        if fault is None:
            return None
        answer = await misbehave(Occasion(request, fault, self._closing, self._cloud.tokens))
        if answer is not None:
            self._cloud.figures.refused[f"fault {fault.kind}"] += 1
        return answer

    def _check(self, login: Mapping[str, Any], at: datetime) -> None:
        account, lock = self._cloud.account, self._cloud.user_lock
        if lock.holds(at):
            raise Declined(_LOCKED, "locked")
        wanted = (account.domain, account.user, account.password)
        given = (login["domain"], login["name"], login["password"])
        if not all(compare_digest(mine.encode(), its.encode()) for mine, its in zip(wanted, given, strict=True)):
            lock.fail(at)
            raise Declined(_WRONG, "credentials")
        lock.succeed()
        if login["project"] not in (account.region, account.project_id):
            raise Declined(unauthorized("The project is not found or the user may not use it."), "project")

    def _described(self, token: Token) -> dict[str, Any]:
        account = self._cloud.account
        domain = {"id": "d78cbac186b744899480f25bd022f468", "name": account.domain}
        user = {"id": "7116d09f88fa41908676fdd4b039e95b", "name": account.user, "domain": domain}
        return {
            "expires_at": _written(token.expires),
            "issued_at": _written(token.issued),
            "methods": ["password"],
            "project": {"id": account.project_id, "name": account.region, "domain": domain},
            "roles": [{"id": "0", "name": "roma_readonly"}],
            "user": {**user, "password_expires_at": ""},
            "catalog": [],
        }


async def _login(request: web.Request) -> dict[str, str]:
    """Domain, name, password and project out of the documented body; keystone's 400 if it is another."""
    try:
        auth = (await request.json())["auth"]
        user = auth["identity"]["password"]["user"]
        scope = auth["scope"]["project"]
        if "password" not in auth["identity"]["methods"]:
            raise Declined(_BAD_BODY, "parameters")
        found = {
            "domain": user["domain"]["name"],
            "name": user["name"],
            "password": user["password"],
            "project": scope.get("id") or scope["name"],
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Declined(_BAD_BODY, "parameters") from error
    if not all(isinstance(value, str) for value in found.values()):
        raise Declined(_BAD_BODY, "parameters")
    return found


def _written(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
