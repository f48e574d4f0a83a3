"""Who is let in: HTTP Basic for people, bearer tokens for programs, everybody where neither is set.

A password costs a third of a second in a thread; once it has proved right, only its keyed digest is compared, so that a
page with its stream and its refreshes costs nothing. What fails is braked, what is right at once never is; the same
wrong password again is no other guess, so a program that was given a wrong one brakes nobody who has its address.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import math
import secrets
import unicodedata
from collections import OrderedDict
from collections.abc import Sequence

import structlog

from monitor.access import Reader, Role, Token, User, Way, token_of
from monitor.errors import UsageError
from monitor.passwords import LONGEST, SALT, hashed
from monitor.web.brake import Brake

QUEUE = 16
"""Passwords that may wait to be looked at; who comes after them is asked to come again."""

REMEMBERED = 4096
"""Wrong passwords and tokens that are known as such, by their keyed digests."""

log = structlog.get_logger()


class Stranger(Exception):
    """Nobody who is known. `tried` where they said something."""

    def __init__(self, *, tried: bool) -> None:
        self.tried = tried
        super().__init__()


class Slower(Exception):
    """Too many failures: try again after so many seconds."""

    def __init__(self, wait: float) -> None:
        self.wait = max(1, math.ceil(wait))
        super().__init__()


class Door:
    """The users and tokens of one service. Without any it is open, and everybody comes in by `without`."""

    def __init__(
        self, users: Sequence[User] = (), tokens: Sequence[Token] = (), *, without: Way = Way.LOOPBACK
    ) -> None:
        self._users = {one.name: one for one in users}
        self._tokens = tuple(tokens)
        self._without = without
        self._brake = Brake()
        self._key = secrets.token_bytes(32)
        self._proved: dict[str, bytes] = {}
        self._wrong: OrderedDict[bytes, None] = OrderedDict()
        self._trials: dict[bytes, asyncio.Task[bool]] = {}
        self._one_by_one = asyncio.Semaphore(1)
        # A name that is not known costs as much as one that is.
        like = next(iter(users), None)
        self._dummy = like.password if like else hashed("", bytes(SALT), cost=2, parallel=1)

    @property
    def asks(self) -> bool:
        """Whether one has to say who one is."""
        return bool(self._users or self._tokens)

    @property
    def challenges(self) -> tuple[str, ...]:
        """What to answer a stranger in `WWW-Authenticate`: only what can succeed."""
        people = ('Basic realm="FDI Monitor", charset="UTF-8"',) if self._users else ()
        return people + (('Bearer realm="FDI Monitor"',) if self._tokens else ())

    async def admit(self, authorization: str, address: str) -> Reader:
        """Whoever shows this header and comes from this address.

        Raises:
            Stranger: it names nobody.
            Slower: too many failures came before.
        """
        if not self.asks:
            return Reader(self._without, Role.OPERATOR, address=address)
        scheme, _, rest = authorization.partition(" ")
        shown = rest.strip()
        match scheme.lower():
            case "bearer":
                return self._by_token(shown, address)
            case "basic":
                return await self._by_password(shown, address)
            case _:
                raise Stranger(tried=bool(authorization))

    def _by_token(self, shown: str, address: str) -> Reader:
        token = token_of(self._tokens, shown)
        if token is None:
            mark = self._mark("", shown)
            if mark not in self._wrong:
                self._fails(address, "")
                self._was_wrong(mark, Way.TOKEN, None, address)
            raise Stranger(tried=True)
        return Reader(Way.TOKEN, token.role, token.name, address)

    async def _by_password(self, shown: str, address: str) -> Reader:
        name, password = _opened(shown)
        user = self._users.get(name)
        mark = self._mark(name, password)
        if user is None or not hmac.compare_digest(self._proved.get(name, b""), mark):
            if mark in self._wrong or not await self._try(user, name, password, mark, address) or user is None:
                raise Stranger(tried=True)
            self._proved[name] = mark
        return Reader(Way.USER, user.role, name, address)

    async def _try(self, user: User | None, name: str, password: str, mark: bytes, address: str) -> bool:
        """Looks at a password for the first time; what is asked meanwhile with the same one waits for that."""
        trial = self._trials.get(mark)
        if trial is not None:
            return await asyncio.shield(trial)
        if len(self._trials) >= QUEUE:
            raise Slower(1)
        self._fails(address, name)
        trial = self._trials[mark] = asyncio.create_task(self._look(user, password), name="password")
        trial.add_done_callback(lambda _: self._trials.pop(mark, None))
        fits = await asyncio.shield(trial)
        if fits:
            self._brake.passed(address, name)
        else:
            # a name that is not known may be a password in the wrong field
            self._was_wrong(mark, Way.USER, name if user else None, address)
        return fits

    async def _look(self, user: User | None, password: str) -> bool:
        async with self._one_by_one:
            against = user.password if user else self._dummy
            return await asyncio.to_thread(against.fits, password) and user is not None

    def _mark(self, name: str, secret: str) -> bytes:
        return hmac.digest(self._key, f"{name}\0{secret}".encode(errors="surrogateescape"), hashlib.sha256)

    def _was_wrong(self, mark: bytes, way: Way, name: str | None, address: str) -> None:
        log.warning("login failed", way=str(way), name=name, address=address)
        self._wrong[mark] = None
        if len(self._wrong) > REMEMBERED:
            self._wrong.popitem(last=False)

    def _fails(self, address: str, name: str) -> None:
        """Counts a failure before it is known to be one, so that many at once are many."""
        at = asyncio.get_running_loop().time()
        if wait := self._brake.wait(address, name, at):
            raise Slower(wait)
        self._brake.failed(address, name, at)


def make_door(users: Sequence[User], tokens: Sequence[Token], *, beyond: str, insecure: bool) -> Door:
    """The door of a service that listens `beyond` this machine, on that address; it is empty on loopback.

    Raises:
        UsageError: it would be open to everybody, and nobody said that this is meant.
    """
    door = Door(users, tokens, without=Way.OPEN if beyond else Way.LOOPBACK)
    if beyond and not door.asks and not insecure:
        raise UsageError(
            f"the pages would be open to everyone who reaches {beyond}. Say who may come in, in FDI_MONITOR_WEB__USERS "
            "(`fdi-monitor hash-password` makes the hashes) or FDI_MONITOR_WEB__TOKENS; or set FDI_MONITOR_WEB__HOST "
            "to 127.0.0.1; or say --insecure."
        )
    return door


def _opened(shown: str) -> tuple[str, str]:
    """Name and password of HTTP Basic.

    Raises:
        Stranger: it is neither.
    """
    try:
        # the same letters can be sent as different code points; RFC 7617 has them composed
        text = unicodedata.normalize("NFC", base64.b64decode(shown, validate=True).decode())
    except ValueError as error:
        raise Stranger(tried=True) from error
    name, colon, password = text.partition(":")
    if not colon or len(password) > LONGEST:
        raise Stranger(tried=True)
    return name, password
