"""Robots over HTTP: carries a request to its robot, unless a test told it to behave otherwise, and keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from monitor.simulator.inbox import Inbox, Message
from monitor.simulator.robots import Answer, Arrival, Robot
from monitor.simulator.robots.coded import CodedRobot
from monitor.simulator.wire import reset

_ASKED = ("secret", "keyword")


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a robot does instead of judging. `down` breaks the connection."""

    answer: Answer | None = None
    headers: tuple[tuple[str, str], ...] = ()
    down: bool = False


class RobotsDoor:
    """All robots of the cloud."""

    def __init__(self, robots: Iterable[Robot], inbox: Inbox, clock: Callable[[], datetime]) -> None:
        self._robots = {robot.kind: robot for robot in robots}
        self._inbox = inbox
        self._clock = clock
        self._behaviours: dict[str, Behaviour] = {}
        self._places: dict[tuple[str, str, str], int] = {}

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(self._robots)

    def routes(self) -> Iterable[web.RouteDef]:
        for robot in self._robots.values():
            for route in robot.routes:
                method, _, path = route.rpartition(" ")
                yield web.route(method or "POST", path, self.handler(robot))

    def configure(self, name: str, raw: Any) -> None:
        """Sets how `name` (`feishu`, or `feishu/ADDRESS` for one of them) behaves; `{}` makes it normal again.

        `raw` has one of `answer: {status, body, headers}`, `refuse: CODE`, `down: true`, and for one of them
        `secret: TEXT` or `keyword: TEXT`.
        Raises `ValueError` with a text that says what to write.
        """
        kind, _, address = name.partition("/")
        robot = self._robots.get(kind)
        if robot is None:
            raise ValueError(f"no robot {kind!r}; there are {', '.join(self._robots)}")
        if not isinstance(raw, Mapping) or len(raw) > 1 or set(raw) - {*_ASKED, "answer", "refuse", "down"}:
            raise ValueError(
                'write one of {"answer": {"status": 500}}, {"refuse": CODE}, {"down": true}, {"secret": TEXT}, '
                '{"keyword": TEXT}, {}'
            )
        asked = next((name for name in _ASKED if name in raw), "")
        if asked and not address:
            raise ValueError(f"a {asked} belongs to one robot: write {kind}/ADDRESS")
        if asked == "secret":
            robot.protect(address, str(raw["secret"]))
        elif asked:
            if not isinstance(robot, CodedRobot):
                raise ValueError(f"{kind} asks for no keywords")
            robot.demand(address, str(raw["keyword"]))
        else:
            self._behaviours[name] = _behaviour(raw, robot)

    def handler(self, robot: Robot) -> Callable[[web.Request], Any]:
        """Takes a request to `robot`."""

        async def handle(request: web.Request) -> web.StreamResponse:
            arrival = Arrival(
                at=self._clock(),
                address=_address(request),
                headers=request.headers,
                query=request.query,
                raw=await request.read(),
                method=request.method,
                path=request.path,
                parts=dict(request.match_info),
            )
            names = (f"{robot.kind}/{arrival.address}", robot.kind)
            behaviour = next((self._behaviours[name] for name in names if name in self._behaviours), Behaviour())
            if behaviour.down:
                self._keep(robot, arrival, Answer(503, "", "down"))
                return reset(request)
            answer = behaviour.answer or robot.judge(arrival)
            if answer.shown:
                self._keep(robot, arrival, answer)
            headers = {**dict(answer.headers), **dict(behaviour.headers)}
            if isinstance(answer.body, str):
                return web.Response(text=answer.body, status=answer.status, headers=headers)
            return web.json_response(answer.body, status=answer.status, headers=headers)

        return handle

    def _keep(self, robot: Robot, arrival: Arrival, answer: Answer) -> None:
        body, reason = arrival.json(), answer.reason
        verdict = "accepted" if not reason else "refused" if answer.status < 500 else "failed"
        card = robot.card(body) if verdict == "accepted" else None
        number = self._inbox.next_number
        place = number
        if answer.ref and card:
            place = self._places.setdefault((robot.kind, arrival.address, answer.ref), number)
        self._inbox.keep(
            Message(
                number=number,
                place=place,
                at=arrival.at,
                robot=robot.kind,
                address=arrival.address,
                id=arrival.headers.get("Idempotency-Key", ""),
                headers=dict(arrival.headers),
                body=body if body is not None else arrival.raw.decode(errors="replace"),
                verdict=verdict,
                reason=reason,
                summary=card.summary if card else reason,
                card=card,
            )
        )


def _address(request: web.Request) -> str:
    """Which robot of its kind is meant: by a part of the path, or by the query as the real ones do it."""
    named = request.match_info.get("address")
    return named or request.query.get("access_token") or request.query.get("key") or ""


def _behaviour(raw: Mapping[str, Any], robot: Robot) -> Behaviour:
    if "refuse" in raw:
        return Behaviour(answer=robot.refusal(str(raw["refuse"])))
    if "answer" in raw:
        answer = raw["answer"]
        status = answer.get("status", 200) if isinstance(answer, Mapping) else None
        headers = answer.get("headers", {}) if isinstance(answer, Mapping) else None
        if not isinstance(status, int) or not 200 <= status <= 599 or not isinstance(headers, Mapping):
            raise ValueError("answer: write {status: 200-599, body: JSON, headers: {NAME: TEXT}}")
        texts = tuple((str(name), str(value)) for name, value in headers.items())
        return Behaviour(answer=Answer(status, answer.get("body", {}), f"told to answer {status}"), headers=texts)
    return Behaviour(down=bool(raw.get("down", False)))
