"""Receivers as the files write them, and the values they become."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field, ValidationError

from monitor.notifiers import Notifier, Options
from monitor.notifiers.receiver import Integration, Receiver
from monitor.policy.accounts import in_the_clear
from monitor.policy.complaints import problems, unknown_key
from monitor.policy.fields import Form, Name, listed
from monitor.policy.nodes import ListNode, Loc, MapNode, Node, Scalar, core, texts
from monitor.policy.spot import Problem

Kinds = Mapping[str, type[Notifier]]

SHARED = tuple(Options.model_fields)
"""What may stand beside the kinds, for all of them."""


class ReceiverForm(Form):
    """Where messages of a route go. Several kinds under one name are all sent."""

    name: Name = Field(description="What routes call it.", examples=["ops-chat"])
    fallback: Name | None = Field(
        None, description="The receiver that gets what this one could not be told.", examples=["ops-mail"]
    )


def read(node: MapNode, kinds: Kinds, *, doors: bool) -> tuple[Receiver | None, list[Problem]]:
    """The receiver that `node` writes, with all that is wrong; None where something is.

    Without `doors` its kinds have only the options that all kinds have, and no secret is looked at.
    """
    found: list[Problem] = []
    form = _form(node, found)
    found.extend(_strangers(node, kinds))
    named = [kind for kind in node.entries if kind in kinds]
    if not named:
        found.append(Problem(f"a kind is missing: one or several of {listed(sorted(kinds))}", on_key=True))
    integrations = []
    for kind in named:
        options = _options(node, kind, kinds[kind].Options if doors else Options, found)
        if options is not None:
            integrations.append(Integration(kind, options))
    return (Receiver(form.name, tuple(integrations), form.fallback or "") if form and not found else None), _once(found)


def warnings(node: MapNode, kinds: Kinds) -> Iterator[Problem]:
    """Addresses that send in the clear."""
    for kind, entry in node.entries.items():
        if kind not in kinds or not isinstance(entry.node, MapNode):
            continue
        for key in ("url", "webhook", "base_url", "urls"):
            for loc, address in _scalars(entry.node.get(key)):
                if in_the_clear(address.value):
                    message = "http:// beyond this machine: messages travel in the clear, write https://"
                    yield Problem(message, (kind, key, *loc), plain=True)


def _scalars(node: Node | None) -> Iterator[tuple[Loc, Scalar]]:
    """An address, or each of a list of them."""
    if isinstance(node, Scalar):
        yield (), node
    elif isinstance(node, ListNode):
        yield from (((place,), item) for place, item in enumerate(node.items) if isinstance(item, Scalar))


def _form(node: MapNode, found: list[Problem]) -> ReceiverForm | None:
    given = {key: texts(node.entries[key].node) for key in ReceiverForm.model_fields if key in node.entries}
    try:
        return ReceiverForm.model_validate(given)
    except ValidationError as error:
        found.extend(problems(error, ReceiverForm))
        return None


def _strangers(node: MapNode, kinds: Kinds) -> Iterator[Problem]:
    known = [*ReceiverForm.model_fields, *SHARED, *kinds]
    for key in node.entries:
        if key not in known:
            yield Problem(unknown_key(key, known), (key,), on_key=True)


def _options(node: MapNode, kind: str, model: type[Options], found: list[Problem]) -> Options | None:
    """The options of one kind: its own, and beneath them those that stand beside the kinds."""
    own = node.entries[kind].node
    if not isinstance(own, MapNode):
        found.append(Problem("should be a mapping of its options; write {} for none", (kind,), plain=True))
        return None
    known = own.entries if model is not Options else SHARED
    given = {key: core(entry.node) for key, entry in own.entries.items() if key in known}
    shared = {key: core(node.entries[key].node) for key in SHARED if key in node.entries and key not in given}
    data: dict[str, Any] = {**shared, **given}
    try:
        return model.model_validate(data)
    except ValidationError as error:
        found.extend(
            problem if problem.at and problem.at[0] in shared else problem.below(kind)
            for problem in problems(error, model)
        )
    except Exception as error:  # noqa: BLE001 - a plugin's check may do anything; the policy is to be read to its end
        said = f"its options cannot be checked: the kind itself failed ({type(error).__name__})"
        found.append(Problem(said, (kind,), on_key=True))
    return None


def _once(found: list[Problem]) -> list[Problem]:
    """A fault of a shared option is found by every kind, and said once."""
    return list(dict.fromkeys(found))
