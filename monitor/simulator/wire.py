"""Small things done to a connection: error bodies, resets, request ids."""

from __future__ import annotations

import socket
import struct

from aiohttp import web

from monitor.simulator.replies import Error

REQUEST_ID = web.RequestKey("request_id", str)
DATE = web.RequestKey("date", str)
"""The Date header this reply should carry, where it is not the true one."""


class Declined(Exception):
    """The request is refused with a documented error."""

    def __init__(self, error: Error, kind: str) -> None:
        super().__init__(error.code)
        self.error = error
        self.kind = kind


def error_response(error: Error, request_id: str) -> web.Response:
    """The documented reply."""
    body, content_type = error.body(request_id)
    return web.Response(status=error.status, body=body, content_type=content_type, headers=dict(error.headers))


def reset(request: web.Request) -> web.Response:
    """Ends the connection with a TCP reset; the response is never seen by anyone."""
    transport = request.transport
    if transport is not None:
        peer = transport.get_extra_info("socket")
        if peer is not None:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response(status=500)


async def stamp(request: web.Request, response: web.StreamResponse) -> None:
    """Every reply names its request, as Huawei Cloud's gateway and IAM do."""
    request_id = request.get(REQUEST_ID, "")
    if request_id:
        name = "X-IAM-Trace-Id" if request.path.startswith("/v3/") else "X-Request-Id"
        response.headers[name] = request_id
        response.headers["Server"] = "api-gateway"
    if DATE in request:
        response.headers["Date"] = request[DATE]
