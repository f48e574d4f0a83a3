"""References in texts of the policy: `${NAME}`, `${NAME:-default}`, `${file:/path}`; `$$` is a dollar sign."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from monitor.policy.files import UnreadableFile, contents
from monitor.policy.nodes import Scalar

_REFERENCE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<body>[^}]*)(?P<closed>\}?))")
_VARIABLE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*))?", re.DOTALL)
_FILE = "file:"
MAX_BYTES = 64 * 1024


class MissingReference(Exception):
    """A reference that cannot be filled in; the text says what to do and never holds a value.

    `column` and `width` say where in the scalar's text it stands, columns from 1.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.column = 1
        self.width = 1


def fill(scalar: Scalar, environ: Mapping[str, str], folder: Path) -> None:
    """Sets `scalar.value` and `scalar.references` from its text; a text without `$` stays as it is.

    Files are looked for from `folder`; line ends at the end of a file are no part of its secret.

    Raises:
        MissingReference: a reference is malformed or leads nowhere.
    """
    if "$" not in scalar.text:
        return
    references: list[str] = []

    def replace(found: re.Match[str]) -> str:
        if found["dollar"]:
            return "$"
        references.append(_without_default(found["body"]))
        try:
            return _value(found, environ, folder)
        except MissingReference as missing:
            missing.column, missing.width = found.start() + 1, len(found.group())
            raise

    scalar.value = _REFERENCE.sub(replace, scalar.text)
    scalar.references = tuple(references)


def _without_default(body: str) -> str:
    name = body if body.startswith(_FILE) else body.partition(":-")[0]
    return "${" + name + "}"


def _value(reference: re.Match[str], environ: Mapping[str, str], folder: Path) -> str:
    if not reference["closed"]:
        raise MissingReference("`${` is never closed: write ${NAME}, or $${ for the characters themselves")
    body = reference["body"]
    if body.startswith(_FILE):
        return _content(folder / body.removeprefix(_FILE).strip())
    found = _VARIABLE.fullmatch(body)
    if found is None or "${" in body:
        raise MissingReference("a reference is written ${NAME}, ${NAME:-default} or ${file:/path}; $$ is a dollar sign")
    name, default = found["name"], found["default"]
    value = environ.get(name)
    if default is not None:
        return value or default
    if value is None:
        raise MissingReference(
            f"the variable {name} is not set: set it in the environment or in .env, or write ${{{name}:-default}}"
        )
    return value


def _content(path: Path) -> str:
    if "\0" in str(path):
        raise MissingReference("a path cannot hold the character NUL")
    try:
        return contents(path, limit=MAX_BYTES).decode().rstrip("\r\n")
    except UnreadableFile as error:
        raise MissingReference(f"{path} {error}") from error
    except UnicodeDecodeError as error:
        raise MissingReference(f"{path} is not text in UTF-8") from error
