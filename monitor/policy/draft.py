"""The policy between text and value: what each file writes under each key, every fault collected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from monitor import redaction
from monitor.errors import Fault
from monitor.policy import complaints, masking
from monitor.policy.columns import inside
from monitor.policy.fields import Form, listed
from monitor.policy.nodes import ListNode, MapNode, Node, Scalar, scalars, texts
from monitor.policy.receivers import SHARED
from monitor.policy.references import MissingReference, fill
from monitor.policy.source import PolicyFile
from monitor.policy.spot import Problem, Spot

LISTS = {"accounts": "account", "rules": "rule", "receivers": "receiver", "windows": "window", "tests": "test"}
"""The keys that hold lists of things with a name, with what one of each is called."""
NAMELESS = {"maintenance": "match", "inhibit": "source"}
"""The keys that hold other lists, with how an item of each begins."""
SINGLE = {"route": "receiver: NAME", "heartbeat": "url: ADDRESS", "drill": 'cron: "0 9 * * 1"'}
"""The keys of which a policy has one, each a mapping, with a line of it."""
KEYS = (*LISTS, *NAMELESS, *SINGLE)
MAX_FAULTS = 1_000
"""Those that are told at once; whoever mends them is told of the rest."""
DOORS = ("accounts", "receivers", "heartbeat")
"""The keys that hold secrets."""
OPEN = ("name", "fallback", *SHARED)
"""What is no secret under them."""

F = TypeVar("F", bound=Form)


@dataclass(slots=True)
class Draft:
    """All files of a policy, read. `whole` is False where a file could not be read to its end: names may be missing."""

    files: list[PolicyFile]
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        return all(file.whole for file in self.files)

    def complain(self, spot: Spot, problems: Iterable[Problem]) -> bool:
        """Collects `problems` of the item at `spot`; whether there were any."""
        found = list(problems)
        if len(self.faults) < MAX_FAULTS:
            self.faults.extend(fault for problem in found if (fault := spot.fault(problem)) is not None)
        return bool(found)

    def warn(self, spot: Spot, problems: Iterable[Problem]) -> None:
        """Collects `problems` as warnings."""
        if len(self.warnings) < MAX_FAULTS:
            self.warnings.extend(fault for problem in problems if (fault := spot.fault(problem)) is not None)

    def roots(self) -> Iterator[tuple[PolicyFile, MapNode]]:
        """The files that hold a mapping."""
        for file in self.files:
            if isinstance(file.root, MapNode):
                yield file, file.root

    def items(self, key: str) -> Iterator[tuple[Spot, MapNode]]:
        """The mappings listed under `key` in all files, whatever else may be wrong with them."""
        for file, root in self.roots():
            node = root.get(key)
            for position, item in enumerate(node.items if isinstance(node, ListNode) else ()):
                if isinstance(item, MapNode) and not item.faulty:
                    yield Spot(file, root, (key, position)), item

    def single(self, key: str) -> Iterator[tuple[Spot, MapNode]]:
        """Every mapping under `key`; there should be one at most."""
        for file, root in self.roots():
            node = root.get(key)
            if isinstance(node, MapNode) and not node.faulty:
                yield Spot(file, root, (key,)), node

    def names(self, key: str) -> dict[str, Spot]:
        """The names given under `key`, each with its first place, whether or not the rest of the item is sound."""
        found: dict[str, Spot] = {}
        for spot, item in self.items(key):
            name = item.get("name")
            if isinstance(name, Scalar) and name.value:
                found.setdefault(name.value, spot.at("name"))
        return found

    def read(self, spot: Spot, node: MapNode, form: type[F]) -> F | None:
        """The form that `node` fills; None where it has faults, which are collected."""
        data = {name: texts(entry.node) for name, entry in node.entries.items()}
        found = self.complain(spot, form.together(data))
        try:
            filled = form.model_validate(data)
        except ValidationError as error:
            self.complain(spot, complaints.problems(error, form))
            return None
        return None if found else filled


def drafted(files: list[PolicyFile], *, folder: Path, environ: Mapping[str, str], doors: bool) -> Draft:
    """The draft of `files` with their references filled in; without `doors` the secret parts are left as written."""
    draft = Draft(files)
    for file in files:
        draft.faults.extend(file.faults)
        if file.root is not None:
            _check_keys(draft, Spot(file, file.root), file.root)
    for file, root in draft.roots():
        if any("$" in line for line in file.lines):
            for loc, scalar in scalars(root):
                if "$" in scalar.text and (doors or loc[0] not in DOORS or loc[-1] in OPEN):
                    _fill(draft, Spot(file, root, loc), scalar, folder=folder, environ=environ)
        if doors:
            _protect(root)
    _check_names(draft)
    return draft


def _check_keys(draft: Draft, spot: Spot, root: Node) -> None:
    if not isinstance(root, MapNode):
        draft.complain(spot, [Problem(f"a policy file is a mapping with the keys {listed(KEYS)}")])
        return
    for key, entry in root.entries.items():
        here = spot.at(key)
        if key not in KEYS:
            draft.complain(here, [Problem(complaints.unknown_key(key, KEYS), on_key=True)])
        elif key in SINGLE:
            draft.complain(
                here, _unless(entry.node, MapNode, f"should be a mapping: `{SINGLE[key]}` and more lines like it")
            )
        else:
            first = NAMELESS.get(key, "name")
            draft.complain(here, _unless(entry.node, ListNode, f"should be a list of {key}: `- {first}: ...` items"))
            for position, item in enumerate(entry.node.items if isinstance(entry.node, ListNode) else ()):
                draft.complain(
                    here.at(position), _unless(item, MapNode, f"should be a mapping that starts with `{first}: ...`")
                )


def _unless(node: Node, kind: type[Node], message: str) -> list[Problem]:
    return [] if isinstance(node, kind) else [Problem(message)]


def _fill(draft: Draft, spot: Spot, scalar: Scalar, *, folder: Path, environ: Mapping[str, str]) -> None:
    if scalar.faulty or scalar.references:
        return
    try:
        fill(scalar, environ, folder)
    except MissingReference as missing:
        place = inside(scalar, missing.column, spot.file.lines)
        width = missing.width if place is not None else scalar.width
        draft.faults.append(spot.file.fault(place or scalar.start, str(missing), width=width, loc=spot.loc))
        scalar.faulty = True


def _protect(root: MapNode) -> None:
    """Whatever is surely a secret is masked in logs from now on."""
    secret = MapNode(root.start, {key: entry for key, entry in root.entries.items() if key in DOORS})
    for scalar in masking.secret_scalars(secret, sure=True):
        # A reference that could not be filled in is no secret, and the fault about it has to show it.
        if not masking.only_references(scalar.value):
            redaction.protect(scalar.value)


def _check_names(draft: Draft) -> None:
    for key, what in LISTS.items():
        firsts = draft.names(key)
        for spot, item in draft.items(key):
            name = item.get("name")
            first = firsts.get(name.value) if isinstance(name, Scalar) else None
            if first is not None and first != spot.at("name"):
                shown = spot.at("name").written
                draft.complain(spot, [Problem(f"there is another {what} {shown} in {first.where}", ("name",))])
    for key, what in {"route": "tree", "heartbeat": "heartbeat", "drill": "schedule of drills"}.items():
        spots = [spot for spot, _ in draft.single(key)]
        for spot in spots[1:]:
            message = f"there is another `{key}` in {spots[0].where}: a policy has one {what}"
            draft.complain(spot, [Problem(message, on_key=True)])
