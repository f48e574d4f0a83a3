"""Users, tokens and trusted proxies as the settings write them: texts to values, with errors that repeat no secret."""

from __future__ import annotations

import ipaddress
import json
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from monitor import access, passwords
from monitor.access import Role, Token, User

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
T = TypeVar("T")

SHORTEST_TOKEN = 20
_USERS = '[{"name": "wang", "password_hash": "scrypt:...", "role": "operator"}]'
_TOKENS = '[{"name": "grafana", "token": "...", "role": "viewer"}]'


def _plain(name: str) -> str:
    if not name.strip() or not name.isprintable() or ":" in name:
        raise ValueError("is no name: it needs letters, and no colon")
    return unicodedata.normalize("NFC", name)


def _hash(text: str) -> passwords.Hashed:
    return passwords.parsed(text)


def _digest(text: str) -> bytes:
    if len(text) < SHORTEST_TOKEN or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError(
            f"is no token: it needs {SHORTEST_TOKEN} random letters or more; `openssl rand -hex 32` makes one"
        )
    return access.digest(text)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: Annotated[str, Field(max_length=100), AfterValidator(_plain)]
    role: Role


class _User(_Model):
    password_hash: Annotated[str, AfterValidator(_hash)]


class _Token(_Model):
    token: Annotated[str, AfterValidator(_digest)]


def users(given: object) -> tuple[User, ...]:
    """The users that a JSON list names.

    Raises:
        ValueError: it does not; the message says where and why.
    """
    return _read(given, _User, User, "password_hash", _USERS)


def tokens(given: object) -> tuple[Token, ...]:
    """The tokens that a JSON list names, of which the digests are kept.

    Raises:
        ValueError: it does not; the message says where and why.
    """
    return _read(given, _Token, Token, "token", _TOKENS)


def networks(given: object) -> tuple[Network, ...]:
    """The networks that a text names, between commas; an address is a network of one.

    Raises:
        ValueError: one of them is none.
    """
    if isinstance(given, tuple):
        return given
    found = []
    for part in str(given).replace(",", " ").split():
        try:
            found.append(ipaddress.ip_network(part))
        except ValueError as error:
            raise ValueError(f"names {part!r}, which is no network: write for example 127.0.0.1, 10.0.0.0/8") from error
    return tuple(found)


def _read(
    given: object, model: type[_Model], kind: Callable[[str, Role, Any], T], secret: str, example: str
) -> tuple[T, ...]:
    if isinstance(given, tuple):
        return given
    try:
        written = json.loads(str(given))
    except ValueError as error:
        place = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        # without `from`: the error of the library carries the text
        raise ValueError(f"is not JSON{place}: write for example {example}") from None
    if not isinstance(written, list):
        raise ValueError(f"is no list: write for example {example}")  # noqa: TRY004 - pydantic takes no other
    try:
        found: Sequence[_Model] = TypeAdapter(list[model]).validate_python(written)  # type: ignore[valid-type]
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        raise ValueError("; ".join(_problems(problems, model, example))) from None
    names = [one.name for one in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"names {twice!r} twice")
    return tuple(kind(one.name, one.role, getattr(one, secret)) for one in found)


def _problems(problems: Sequence[ErrorDetails], model: type[_Model], example: str) -> Iterator[str]:
    """One line each. A field that is not known is not repeated: it may be a secret in the wrong place."""
    for problem in problems:
        place, *field = problem["loc"]
        if problem["type"] == "extra_forbidden":
            yield f"[{place}] has a field that is not one of {', '.join(sorted(model.model_fields))}"
        elif not field:
            yield f"[{place}] is no object: write for example {example}"
        else:
            yield f"[{place}].{field[0]} {problem['msg'].removeprefix('Value error, ').removeprefix('Input ')}"
