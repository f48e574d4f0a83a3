"""The metadata service of a cloud server over HTTP: temporary keys of the server's agency. Answers only if set up.

Source: the metadata accessor of the official huaweicloudsdkcore 3.1.219.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web

from monitor.simulator.cloud import Cloud
from monitor.simulator.identity import Tokens

LONGEST_TOKEN = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Metadata:
    """How the server is set up. `tokens` is False where the service is IMDSv1 only, and knows no tokens; otherwise
    it wants one. `agency` is False where the server has none. The keys live for `life`.
    """

    tokens: bool = True
    agency: bool = True
    life: timedelta = timedelta(hours=24)


class MetadataApi:
    """Two calls: a token for this service (IMDSv2), and the keys."""

    def __init__(self, cloud: Cloud, setup: Metadata) -> None:
        self._cloud = cloud
        self._setup = setup
        self._tokens = Tokens(cloud.rules.seed, size=56, life=LONGEST_TOKEN)

    def routes(self) -> Iterable[web.RouteDef]:
        if self._setup.tokens:
            yield web.put("/meta-data/latest/api/token", self._create_token)
        yield web.get("/openstack/latest/securitykey", self._security_key, allow_head=False)

    async def _create_token(self, request: web.Request) -> web.StreamResponse:
        self._cloud.figures.calls["metadata-token"] += 1
        asked = request.headers.get("X-Metadata-Token-Ttl-Seconds", "")
        if not re.fullmatch("[0-9]{1,5}", asked) or not 1 <= int(asked) <= LONGEST_TOKEN.total_seconds():
            return web.Response(status=400, text="X-Metadata-Token-Ttl-Seconds is not a number from 1 to 21600")
        self._tokens.life = timedelta(seconds=int(asked))
        return web.Response(text=self._tokens.issue(self._cloud.clock()).value)

    async def _security_key(self, request: web.Request) -> web.StreamResponse:
        cloud, at = self._cloud, self._cloud.clock()
        cloud.figures.calls["securitykey"] += 1
        if self._setup.tokens and not self._knows(request.headers.get("X-Metadata-Token", ""), at):
            return web.Response(status=401, text="Unauthorized")
        if not self._setup.agency:
            return web.Response(status=401, text="Please configure Cloud Service Agency first")
        keys = cloud.agency.lend(at, self._setup.life)
        credential = {
            "access": keys.access_key,
            "secret": keys.secret_key,
            "securitytoken": keys.security_token,
            "expires_at": f"{keys.expires:%Y-%m-%dT%H:%M:%S.%fZ}",
        }
        return web.json_response({"credential": credential})

    def _knows(self, value: str, at: datetime) -> bool:
        token = self._tokens.find(value)
        return token is not None and at < token.expires
