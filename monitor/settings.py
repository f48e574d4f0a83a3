"""The settings of the process: what differs between two machines that run the same policy.

Each is a variable `FDI_MONITOR_<NAME>`, with `__` before the name of a part (`FDI_MONITOR_WEB__PORT`); `environment`
finds them on a machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    SecretStr,
)
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from monitor import durations, logins, telemetry
from monitor.access import Token, User

PREFIX = "FDI_MONITOR_"
DELIMITER = "__"


def _duration(text: object) -> object:
    if not isinstance(text, str):
        return text
    try:
        return durations.parse(text)
    except ValueError as error:
        raise ValueError("is not a duration: write for example 30d, 12h or 90m") from error


def _address(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.netloc):
        raise ValueError("is not a web address: write for example https://fdi-monitor.example.com")
    return text.rstrip("/")


def _lower(text: object) -> object:
    return text.lower() if isinstance(text, str) else text


def _database(url: SecretStr | None) -> SecretStr | None:
    scheme = url.get_secret_value().partition("://")[0] if url else ""
    if url is not None and scheme not in ("postgresql", "postgresql+asyncpg"):
        raise ValueError(
            "is no database that is served: write for example postgresql://user:password@host/name, or leave it unset, "
            "then the state is kept in SQLite in FDI_MONITOR_DATA"
        )
    return url


Duration = Annotated[timedelta, BeforeValidator(_duration), Field(gt=timedelta(0))]
Address = Annotated[str, AfterValidator(_address)]
Level = Annotated[telemetry.Level, BeforeValidator(_lower)]
Style = Annotated[telemetry.Style, BeforeValidator(_lower)]
Tls = Annotated[Literal["none", "starttls", "tls"], BeforeValidator(_lower)]
_Named = PlainSerializer(lambda found: [str(one) for one in found])
Users = Annotated[tuple[User, ...], NoDecode, PlainValidator(logins.users), _Named]
Tokens = Annotated[tuple[Token, ...], NoDecode, PlainValidator(logins.tokens), _Named]
Networks = Annotated[tuple[logins.Network, ...], NoDecode, PlainValidator(logins.networks), _Named]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Web(_Part):
    """Where the pages and the API listen, and who may come in. Port 0 takes a free one.

    `users` and `tokens` are JSON lists; what proxies say of a request counts if they are in `trusted_proxies`.
    """

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    users: Users = ()
    tokens: Tokens = ()
    trusted_proxies: Networks = ()


class Log(_Part):
    """How much is logged, and in which form; without a form a terminal gets `console`, anything else `json`."""

    level: Level = "info"
    format: Style | None = None


class Smtp(_Part):
    """The mail server of all receivers of the kind `email`."""

    host: str = ""
    port: int = Field(25, ge=1, le=65535)
    user: str = ""
    password: SecretStr = SecretStr("")
    tls: Tls = "none"
    sender: str = ""


class Settings(BaseSettings):
    """All settings. Made by hand it holds what it is given and the defaults; `environment.load` asks the machine.

    `rules` and `data` are folders; `retention` is how long history is kept; `public_url` is how people reach the
    pages, for links in messages, without a slash at its end; `token` is what commands show to a running service. `node`
    is how this node is called among those that share a database, by default as its machine is; `lease` is how long it
    counts as alive without being heard of.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    rules: Path = Path("rules")
    data: Path = Path("data")
    token: SecretStr = SecretStr("")
    database_url: Annotated[SecretStr | None, AfterValidator(_database)] = None
    web: Web = Web()
    log: Log = Log()
    retention: Duration = timedelta(days=30)
    public_url: Address = ""
    node: str = ""
    lease: Annotated[Duration, Field(ge=timedelta(seconds=1))] = timedelta(seconds=15)
    smtp: Smtp = Smtp()

    @property
    def database(self) -> str:
        """The address of the PostgreSQL database with its password; empty for SQLite in the folder `data`."""
        return self.database_url.get_secret_value() if self.database_url else ""

    @classmethod
    def settings_customise_sources(  # the library fixes the signature
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what the caller gives: the machine is asked by `environment`, which knows where each value stood."""
        return (init_settings,)


def variables() -> tuple[str, ...]:
    """Every variable that is known, in the order of the model."""
    return tuple(variable for variable, _ in flat(Settings()))


def flat(model: BaseModel, prefix: str = PREFIX) -> Iterator[tuple[str, Any]]:
    """Each variable with its value in `model`."""
    for name, value in model:
        variable = prefix + name.upper()
        if isinstance(value, BaseModel):
            yield from flat(value, variable + DELIMITER)
        else:
            yield variable, value
