"""The credentials of an account that writes none, from where the official SDK looks for them too.

The environment comes first (HUAWEICLOUD_SDK_AK and its kin), then section [basic] of the SDK's credentials file. What
one of them gives is taken whole: a key of one never meets a secret of the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from configparser import ConfigParser
from configparser import Error as UnreadableProfile
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from monitor import redaction
from monitor.fdi.account import Aksk
from monitor.policy.credentials import secret
from monitor.policy.files import UnreadableFile, contents

PREFIX = "HUAWEICLOUD_SDK_"
PROFILE = Path(".huaweicloud", "credentials")
SECTION = "basic"
MAX_BYTES = 64 * 1024

_NOTHING = (
    "`auth` is missing: write it, as in `auth: {agency: {}}` on an ECS server; or set HUAWEICLOUD_SDK_AK and"
    f" HUAWEICLOUD_SDK_SK in the environment or in .env, or ak and sk under [{SECTION}] in ~/{PROFILE}"
)


class NoCredentials(Exception):
    """There is nothing to fall back on; the text says what to do and never holds a value."""


@dataclass(frozen=True, slots=True)
class Fallback:
    """A key pair, with the project it is for; that is empty where it is not said."""

    auth: Aksk
    project_id: str = ""


def find(environ: Mapping[str, str]) -> Fallback:
    """The credentials of this machine. They are masked in every log from here on.

    Raises:
        NoCredentials: there are none, or only a part of them, or they cannot be read.
    """
    named = {
        "ak": f"{PREFIX}AK",
        "sk": f"{PREFIX}SK",
        "security_token": f"{PREFIX}SECURITY_TOKEN",
        "project_id": f"{PREFIX}PROJECT_ID",
    }
    given = {key: environ.get(name, "") for key, name in named.items()}
    if given["ak"] or given["sk"]:
        return _fallback(given, named)
    chosen, home = environ.get(f"{PREFIX}CREDENTIALS_FILE"), environ.get("HOME")
    if not chosen and not home:
        raise NoCredentials(_NOTHING)
    path = Path(chosen) if chosen else Path(home or "") / PROFILE
    found = _section(path, chosen=bool(chosen))
    return _fallback(found, {key: f"{key} in [{SECTION}] of {path}" for key in named})


def _fallback(given: Mapping[str, str], named: Mapping[str, str]) -> Fallback:
    """`named` is what people call each of the texts."""
    for key in ("ak", "sk"):
        if not given.get(key):
            other = named["sk" if key == "ak" else "ak"]
            raise NoCredentials(f"`auth` is missing, and {named[key]} is not set: set it together with {other}")
    token = given.get("security_token")
    pair = Aksk(
        _secret(given, named, "ak").get_secret_value(),
        _secret(given, named, "sk"),
        _secret(given, named, "security_token") if token else None,
    )
    return Fallback(pair, given.get("project_id", "").strip())


def _secret(given: Mapping[str, str], named: Mapping[str, str], key: str) -> SecretStr:
    try:
        found = secret(given[key].strip())
    except ValueError as error:
        raise NoCredentials(f"`auth` is missing, and {named[key]} cannot be used: {error}") from error
    redaction.protect(found.get_secret_value())
    return found


def _section(path: Path, *, chosen: bool) -> Mapping[str, str]:
    """What the file says. One that somebody chose has to be there."""
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(contents(path, limit=MAX_BYTES).decode())
    except UnreadableFile as error:
        if not chosen and isinstance(error.__cause__, FileNotFoundError):
            raise NoCredentials(_NOTHING) from error
        raise NoCredentials(f"`auth` is missing, and {path} {error}: write `auth`, or mend the file") from error
    except UnicodeDecodeError as error:
        raise NoCredentials(f"`auth` is missing, and {path} is not text in UTF-8") from error
    except UnreadableProfile:
        # What it says repeats the file's lines, and these are secrets.
        message = f"`auth` is missing, and {path} is not written as [{SECTION}] with lines such as `ak = ...` below"
        raise NoCredentials(message) from None
    if not parser.has_section(SECTION):
        raise NoCredentials(f"`auth` is missing, and {path} has no section [{SECTION}]: write ak and sk below it")
    return dict(parser.items(SECTION))
