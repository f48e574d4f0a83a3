"""Passwords as scrypt keeps them: `scrypt:N:R:P:SALT:KEY`, in letters that need no quoting anywhere. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import unicodedata
from dataclasses import dataclass, field

KIND = "scrypt"
SALT, KEY = 16, 32
"""Bytes of the salt, at least, and of the key."""

SHORTEST, LONGEST = 8, 1024
"""Letters of a password."""

COST, BLOCK, PARALLEL = 1 << 15, 8, 3
"""What new hashes take: 32 MiB, and a third of a second."""

_TEXT = re.compile(KIND + r":(\d{1,7}):(\d{1,2}):(\d{1,2}):([\w-]{1,200}):([\w-]{1,200})", re.ASCII)
_COSTS = {1 << power for power in range(14, 18)}
_BLOCKS, _PARALLELS = range(8, 17), range(1, 17)


@dataclass(frozen=True, slots=True)
class Hashed:
    """One password, of which nobody can tell what it was."""

    cost: int
    block: int
    parallel: int
    salt: bytes = field(repr=False)
    key: bytes = field(repr=False)

    def fits(self, password: str) -> bool:
        """Whether it is this one. Takes long on purpose, equally for each, with 128 x cost x block bytes of memory."""
        return hmac.compare_digest(self.key, _derived(password, self.salt, self.cost, self.block, self.parallel))

    def written(self) -> str:
        """The text that `parsed` reads."""
        salt, key = (base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (self.salt, self.key))
        return f"{KIND}:{self.cost}:{self.block}:{self.parallel}:{salt}:{key}"


def hashed(password: str, salt: bytes, *, cost: int = COST, block: int = BLOCK, parallel: int = PARALLEL) -> Hashed:
    """The hash of a password; `salt` is random, of `SALT` bytes or more."""
    return Hashed(cost, block, parallel, salt, _derived(password, salt, cost, block, parallel))


def parsed(text: str) -> Hashed:
    """The hash that `text` holds.

    Raises:
        ValueError: it holds none, or one that is too weak or too dear; the message does not repeat it.
    """
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        raise ValueError("is no hash of a password: `fdi-monitor hash-password` makes one")
    cost, block, parallel = (int(number) for number in match.groups()[:3])
    try:
        salt, key = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in match.groups()[3:])
    except binascii.Error as error:
        raise ValueError("is a hash that was cut or changed: `fdi-monitor hash-password` makes another one") from error
    if cost not in _COSTS or block not in _BLOCKS or parallel not in _PARALLELS or len(salt) < SALT or len(key) != KEY:
        raise ValueError("is a hash that is too weak, too dear or was cut: `fdi-monitor hash-password` makes another")
    return Hashed(cost, block, parallel, salt, key)


def _derived(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    # the same letters can be typed as different code points; RFC 7617 has them composed
    secret = unicodedata.normalize("NFC", password).encode()
    memory = 128 * block * (cost + parallel + 2)
    return hashlib.scrypt(secret, salt=salt, n=cost, r=block, p=parallel, maxmem=2 * memory, dklen=KEY)
