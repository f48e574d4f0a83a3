"""Who may call: one IAM user, one access key pair, the tokens and temporary keys issued, the lock-outs. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

USER_FAILURES = 5
USER_LOCK = timedelta(minutes=15)
KEY_FAILURES = 6
KEY_LOCK = timedelta(minutes=5)
"""Documented: more than five consecutive failures lock a key pair for five minutes."""

_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MIXED = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class Account:
    """Everything that lets a client in."""

    access_key: str
    secret_key: str = field(repr=False)
    project_id: str
    region: str
    domain: str
    user: str
    password: str = field(repr=False)

    @classmethod
    def seeded(cls, seed: int, region: str) -> Account:
        """The account of a seed: the same names and secrets at every start."""
        dice = random.Random(f"{seed}/account")
        return cls(
            access_key="SIM" + _pick(dice, _UPPER, 17),
            secret_key=_pick(dice, _MIXED, 40),
            project_id=f"{dice.getrandbits(128):032x}",
            region=region,
            domain="acme",
            user="monitor",
            password=_pick(dice, "abcdefghjkmnpqrstuvwxyz23456789", 16),
        )


def _pick(dice: random.Random, letters: str, length: int) -> str:
    return "".join(dice.choice(letters) for _ in range(length))


@dataclass(frozen=True, slots=True)
class Token:
    """A token in force from `issued` until `expires`."""

    value: str = field(repr=False)
    issued: datetime
    expires: datetime


class Lock:
    """Counts consecutive failures; from the `limit`-th on nobody is let in for `rest`."""

    def __init__(self, limit: int, rest: timedelta) -> None:
        self._limit = limit
        self._rest = rest
        self._failures = 0
        self._until: datetime | None = None

    def holds(self, at: datetime) -> bool:
        if self._until is not None and at >= self._until:
            self._until, self._failures = None, 0
        return self._until is not None

    def fail(self, at: datetime) -> None:
        self._failures += 1
        if self._failures >= self._limit:
            self._until = at + self._rest

    def succeed(self) -> None:
        self._failures = 0


class Tokens:
    """The tokens of the one user. `size` is their length in characters: real ones reach tens of thousands."""

    def __init__(self, seed: int, *, size: int, life: timedelta) -> None:
        self.size = size
        self.life = life
        self._dice = random.Random(f"{seed}/tokens")
        self._known: dict[str, Token] = {}

    def issue(self, at: datetime) -> Token:
        """A new token. The old ones stay in force until they expire, as documented."""
        self._known = {value: token for value, token in self._known.items() if at < token.expires}
        bits = self._dice.getrandbits(self.size * 4) if self.size else 0
        token = Token(f"{bits:0{self.size}x}", at, at + self.life)
        self._known[token.value] = token
        return token

    def find(self, value: str) -> Token | None:
        """The token of that text, expired or not; None if it was never issued or is dead."""
        return self._known.get(value)

    def revoke(self, token: Token) -> None:
        """The user's password or permissions changed: this token dies early."""
        self._known.pop(token.value, None)


@dataclass(frozen=True, slots=True)
class TemporaryKeys:
    """A key pair that is good until `expires`, and only together with its security token."""

    access_key: str
    secret_key: str = field(repr=False)
    security_token: str = field(repr=False)
    expires: datetime


class Agency:
    """Lends temporary keys to the server it is given to."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(f"{seed}/agency")
        self._known: dict[str, TemporaryKeys] = {}

    def lend(self, at: datetime, life: timedelta) -> TemporaryKeys:
        """New keys. The old ones stay good until they expire."""
        self._known = {access: keys for access, keys in self._known.items() if at < keys.expires}
        keys = TemporaryKeys(
            access_key="TMP" + _pick(self._dice, _UPPER, 17),
            secret_key=_pick(self._dice, _MIXED, 40),
            security_token=_pick(self._dice, _MIXED, 1_200),
            expires=at + life,
        )
        self._known[keys.access_key] = keys
        return keys

    def find(self, access_key: str) -> TemporaryKeys | None:
        """The keys of that name, expired or not; None if there are none."""
        return self._known.get(access_key)

    def withdraw(self) -> None:
        """The agency was changed: all keys lent so far are good no more."""
        self._known.clear()
