"""Who asks, and what they may do. Pure."""

from __future__ import annotations

import enum
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field

from monitor.passwords import Hashed


class Role(enum.StrEnum):
    """What somebody may do."""

    VIEWER = "viewer"
    """Reads everything, changes nothing."""
    OPERATOR = "operator"
    """Reads, silences, acknowledges, retries, drops, reloads, drills."""

    def covers(self, needed: Role) -> bool:
        """Whether this role is enough where `needed` is asked for."""
        return self is needed or self is Role.OPERATOR


class Way(enum.StrEnum):
    """How somebody got in."""

    USER = "user"
    TOKEN = "token"  # noqa: S105 - the word, no token
    LINK = "link"
    LOOPBACK = "loopback"
    OPEN = "open"
    """Beyond this machine without a login, as `--insecure` has it."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Whoever asks. `name` is empty where nobody has to say it; `address` is theirs, as far as proxies tell it."""

    way: Way
    role: Role
    name: str = ""
    address: str = ""

    @property
    def acts(self) -> bool:
        """Whether the buttons that change something are for them."""
        return self.role is Role.OPERATOR

    def __str__(self) -> str:
        return f"{self.way} {self.name}" if self.name else str(self.way)


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with a password."""

    name: str
    role: Role
    password: Hashed = field(repr=False)

    def __str__(self) -> str:
        return f"{self.name} ({self.role})"


@dataclass(frozen=True, slots=True)
class Token:
    """A program with a token, of which only the digest is known."""

    name: str
    role: Role
    digest: bytes = field(repr=False)

    def __str__(self) -> str:
        return f"{self.name} ({self.role})"


def digest(token: str) -> bytes:
    """What is kept of a token. It is long and random, so a fast digest cannot be searched."""
    return hashlib.sha256(token.encode(errors="surrogateescape")).digest()


def token_of(tokens: Iterable[Token], shown: str) -> Token | None:
    """The token that is shown. It takes the same time whichever it is, and where it is none."""
    given, found = digest(shown), None
    for one in tokens:
        if hmac.compare_digest(one.digest, given):
            found = one
    return found
