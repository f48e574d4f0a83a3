"""Finds the settings on this machine, with the place of each.

A variable is looked for in the environment, in `.env`, then in the secrets folder as a file of its name. In the first
two, `<NAME>_FILE` names a file that holds the value. A variable that is there but empty counts as absent.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr, ValidationError
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource, PydanticBaseSettingsSource

from monitor.errors import UsageError
from monitor.redaction import protect
from monitor.settings import DELIMITER, PREFIX, Settings, flat, variables

TWIN = "_FILE"
DEFAULT = "default"
SECRETS = Path("/run/secrets")
DOTENV = Path(".env")


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings as found on this machine.

    `origins` says for each variable where its value came from: `default`, `environment`, `.env`, `secrets folder`, or
    the variable that names its file. `warnings` are one line each.
    """

    settings: Settings
    origins: Mapping[str, str]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """Somewhere settings stand: texts by variable, in small letters, and how to call the place of each."""

    name: str
    texts: Mapping[str, str]
    twin: bool = False

    def origin(self, variable: str) -> str:
        return f"{variable}{TWIN} in {self.name}" if self.twin else self.name


class _Texts(EnvSettingsSource):
    """Known variables from one place, read as if they were the environment."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        known = {variable.lower() for variable in variables()}
        self._texts = {key: text for key, text in texts.items() if key in known}
        super().__init__(Settings)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return dict(self._texts)


def load(*, dotenv: Path = DOTENV, secrets: Path = SECRETS) -> Loaded:
    """Reads the settings from the environment, from `dotenv` and from the folder `secrets`, where they exist.

    Secrets are masked in every log from here on.

    Raises:
        UsageError: one line for each setting that cannot be used, naming the variable and never its value.
    """
    places = tuple(_places(dotenv, secrets))
    origins = {
        variable: next((place.origin(variable) for place in places if variable.lower() in place.texts), DEFAULT)
        for variable in variables()
    }
    sources: tuple[PydanticBaseSettingsSource, ...] = tuple(_Texts(place.texts) for place in places)
    try:
        settings = Settings(_build_sources=(sources, {}))
    except ValidationError as error:
        raise UsageError("\n".join(_problems(error, origins))) from error
    for _, value in flat(settings):
        if isinstance(value, SecretStr):
            protect(value.get_secret_value())
    return Loaded(settings, origins, tuple(_strangers(places)))


def _places(dotenv: Path, secrets: Path) -> Iterator[_Place]:
    try:
        written = DotEnvSettingsSource(Settings, env_file=dotenv).env_vars
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{dotenv} cannot be read: make it a readable text file in UTF-8, or remove it") from error
    for name, found in (("environment", EnvSettingsSource(Settings).env_vars), (str(dotenv), written)):
        texts = {key: text for key, text in found.items() if key.startswith(PREFIX.lower()) and text}
        yield _Place(name, texts)
        yield _Place(name, _twins(texts), twin=True)
    yield _Place("secrets folder", _folder(secrets))


def _twins(texts: Mapping[str, str]) -> dict[str, str]:
    """The texts of the files that `<NAME>_FILE` variables point to."""
    found = {}
    for variable in variables():
        twin = variable + TWIN
        if (file := texts.get(twin.lower())) is None:
            continue
        if variable.lower() in texts:
            raise UsageError(f"{variable} and {twin} are both set: keep one of them")
        found[variable.lower()] = _content(Path(file), twin)
    return found


def _folder(secrets: Path) -> dict[str, str]:
    """The files of the secrets folder that are named like a variable; others there belong to somebody else."""
    if not secrets.is_dir():
        return {}
    files = [file for file in sorted(secrets.iterdir()) if file.name.upper().startswith(PREFIX) and file.is_file()]
    return {file.name.lower(): _content(file, f"{file.name} in the secrets folder") for file in files}


def _content(file: Path, name: str) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise UsageError(f"{name}: the file cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: the file is not text in UTF-8") from error


def _problems(error: ValidationError, origins: Mapping[str, str]) -> Iterator[str]:
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        variable = PREFIX + DELIMITER.join(str(step) for step in problem["loc"]).upper()
        reason = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
        yield f"{variable} ({origins[variable]}) {reason}"


def _strangers(places: tuple[_Place, ...]) -> Iterator[str]:
    """A word on each variable that nothing reads, for a misspelt one would be silent otherwise."""
    known = [variable.removeprefix(PREFIX) for variable in variables()]
    expected = [*known, *(name + TWIN for name in known)]
    for place in places:
        for name in sorted({key.upper().removeprefix(PREFIX) for key in place.texts}.difference(expected)):
            close = difflib.get_close_matches(name, expected, n=1)
            hint = f", did you mean {PREFIX}{close[0]}?" if close else ": remove it"
            yield f"{PREFIX}{name} ({place.name}) is no setting{hint}"
