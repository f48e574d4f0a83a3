"""What the service is made of: the packages of requirements.lock, their licences, and who needs whom.

`licences()` is docs/licences.md, `materials()` is docs/sbom.cdx.json (CycloneDX 1.6). The same lock gives the same of
both, on whatever machine and at whatever time they are made.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import monitor

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
PAGE = ROOT / "docs" / "licences.md"
MATERIALS = ROOT / "docs" / "sbom.cdx.json"
NAME = "fdi-monitor"
EXTRAS = ("apprise", "otel", "postgres")

IMAGE = {
    "implementation_name": "cpython",
    "implementation_version": "3.13.0",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_release": "",
    "platform_system": "Linux",
    "platform_version": "",
    "python_full_version": "3.13.0",
    "platform_python_implementation": "CPython",
    "python_version": "3.13",
    "sys_platform": "linux",
}
"""The machine for which dependencies are told: that of the Dockerfile."""

PERMISSIVE = frozenset(
    (
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CNRI-Python",
        "ISC",
        "MIT",
        "MPL-2.0",
        "PSF-2.0",
        "Unlicense",
    )
)
"""Licences that ask nothing of whoever runs or ships the service but to keep their text."""

_ALIASES = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "BSD 2-Clause License": "BSD-2-Clause",
    "GPL-3.0": "GPL-3.0-only",
    "MIT license": "MIT",
    "PSFL": "PSF-2.0",
}
_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
READ = {
    "colorama": "BSD-3-Clause",
    "cronsim": "BSD-3-Clause",
    "google-re2": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "tzdata": "Apache-2.0",
}
"""Read in the licence itself: the package does not name it exactly, or is for Windows alone."""


@dataclass(frozen=True)
class Package:
    """One line of the lock. `parts` says who needs it: `service`, the names of extras, or nobody but tools."""

    name: str
    version: str
    licence: str
    parts: tuple[str, ...]

    @property
    def ref(self) -> str:
        return f"pkg:pypi/{self.name}@{self.version}"


@cache
def packages() -> tuple[Package, ...]:
    """Every package of the lock, by name."""
    pinned = re.findall(r"^([a-z0-9._-]+)==([^ ]+)", LOCK.read_text(), flags=re.MULTILINE)
    needed = {part: _needed(part) for part in ("service", *EXTRAS)}
    return tuple(
        Package(
            name,
            version,
            _licence(name),
            tuple(
                part
                for part in ("service", *EXTRAS)
                if name in needed[part] and (part == "service" or name not in needed["service"])
            ),
        )
        for name, version in sorted(pinned)
    )


def _licence(name: str) -> str:
    if name in READ:
        return READ[name]
    about = metadata.metadata(name)
    if "License-Expression" in about:
        return about["License-Expression"]
    told = about["License"].strip() if "License" in about else ""
    if told and len(told) < 40:
        return _ALIASES.get(told, told)
    classifiers = [one.rpartition(" :: ")[2] for one in about.get_all("Classifier") or ()]
    [licence] = {_CLASSIFIERS[one] for one in classifiers if one in _CLASSIFIERS}
    return licence


def needs(name: str, extra: str = "") -> Iterator[Requirement]:
    """What a package asks for on the machine of the image."""
    for requirement in map(Requirement, _asked(name, extra)):
        if requirement.marker is None or requirement.marker.evaluate({**IMAGE, "extra": extra}):
            yield requirement


def _asked(name: str, extra: str) -> list[str]:
    if name == NAME:
        # what is installed may have been made of an older one
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        found: list[str] = project["optional-dependencies"][extra] if extra else project["dependencies"]
        return found
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []


def _needed(part: str) -> dict[str, set[str]]:
    """All that the service, or one of its extras, needs, directly or not, with the extras that are asked of each."""
    found: dict[str, set[str]] = {}
    waiting = list(needs(NAME, "" if part == "service" else part))
    while waiting:
        requirement = waiting.pop()
        name, extras = canonicalize_name(requirement.name), {"", *requirement.extras}
        for extra in extras - found.get(name, set()):
            waiting.extend(needs(name, extra))
        found.setdefault(name, set()).update(extras)
    return found


def licences() -> str:
    """The page."""
    shipped = [one for one in packages() if one.parts]
    tools = [one for one in packages() if not one.parts]
    return "\n".join(
        (
            "# Licences",
            "",
            "What is in `requirements.lock`, as `make licences` reads it from the packages themselves; beside this",
            "page it writes [`sbom.cdx.json`](sbom.cdx.json), the bill of materials in CycloneDX. A test compares both",
            "with the lock.",
            "",
            "## What runs",
            "",
            "| package | version | licence | part |",
            "| --- | --- | --- | --- |",
            *(f"| {one.name} | {one.version} | {one.licence} | {', '.join(one.parts)} |" for one in shipped),
            "",
            "## What only builds and tests use",
            "",
            "| package | version | licence |",
            "| --- | --- | --- |",
            *(f"| {one.name} | {one.version} | {one.licence} |" for one in tools),
            "",
        )
    )


def materials() -> str:
    """The bill of materials."""
    known = {one.name: one.ref for one in packages()}
    extras: dict[str, set[str]] = {}
    for part in ("service", *EXTRAS):
        for name, asked in _needed(part).items():
            extras.setdefault(name, {""}).update(asked)
    root = f"pkg:pypi/{NAME}@{monitor.__version__}"
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{root}#{digest}')}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": NAME,
                "version": monitor.__version__,
                "purl": root,
            },
            "properties": [{"name": "fdi-monitor:requirements.lock:sha256", "value": digest}],
        },
        "components": [_component(one) for one in packages()],
        "dependencies": [
            {"ref": root, "dependsOn": _on(NAME, known, {"", *EXTRAS})},
            *({"ref": one.ref, "dependsOn": _on(one.name, known, extras.get(one.name, {""}))} for one in packages()),
        ],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _component(one: Package) -> dict[str, Any]:
    scope = "required" if "service" in one.parts else "optional" if one.parts else "excluded"
    single = re.fullmatch(r"[\w.+-]+", one.licence)
    return {
        "type": "library",
        "bom-ref": one.ref,
        "name": one.name,
        "version": one.version,
        "scope": scope,
        "licenses": [{"license": {"id": one.licence}} if single else {"expression": one.licence}],
        "purl": one.ref,
    }


def _on(name: str, known: dict[str, str], extras: set[str]) -> list[str]:
    asked = {canonicalize_name(one.name) for extra in extras for one in needs(name, extra)}
    return sorted(known[one] for one in asked if one in known)
