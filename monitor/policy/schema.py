"""The JSON Schema of a policy file, for editors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field
from pydantic.errors import PydanticUserError
from pydantic.json_schema import GenerateJsonSchema

from monitor import durations
from monitor.fdi.account import Quota
from monitor.matchers import Matchers
from monitor.notifiers import Notifier, Options, registry
from monitor.policy import quota
from monitor.policy.accounts import AccountForm
from monitor.policy.cases import CaseForm
from monitor.policy.credentials import CREDENTIALS
from monitor.policy.drill import DrillForm
from monitor.policy.fields import Form
from monitor.policy.heartbeat import HeartbeatForm
from monitor.policy.quiet import FlappingForm, InhibitForm, MaintenanceForm, WindowForm
from monitor.policy.receivers import SHARED, ReceiverForm
from monitor.policy.route import RouteForm
from monitor.policy.rules import RuleForm

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REF = "#/$defs/{model}"


class PolicyForm(Form):
    """One file of the policy of FDI Monitor. Any of these keys may stand in any file of the folder."""

    accounts: list[AccountForm] = Field([], description="What is polled.")
    rules: list[RuleForm] = Field([], description="What is wrong, and how bad that is.")
    receivers: list[ReceiverForm] = Field([], description="Who is told, and how.")
    route: RouteForm | None = Field(None, description="Which receivers hear of which alerts.")
    heartbeat: HeartbeatForm | None = Field(None, description="Who watches the watcher.")
    drill: DrillForm | None = Field(None, description="When the way to the receivers is tried.")
    windows: list[WindowForm] = Field([], description="Stretches of time with a name.")
    maintenance: list[MaintenanceForm] = Field([], description="When nothing is said of what.")
    inhibit: list[InhibitForm] = Field([], description="What is not worth saying while something worse is said.")
    tests: list[CaseForm] = Field([], description="Stories that the rules must tell.")


class _Written(GenerateJsonSchema):
    """Defaults as the files write them."""

    def encode_default(self, dft: Any) -> Any:
        """`30s`, `20/s`, an empty text for matchers."""
        if isinstance(dft, timedelta):
            return durations.show(dft)
        if isinstance(dft, datetime):
            return dft.isoformat().replace("+00:00", "Z")
        if isinstance(dft, Quota):
            return quota.written(dft)
        if isinstance(dft, Matchers):
            return str(dft)
        if isinstance(dft, FlappingForm):
            return True
        return super().encode_default(dft)


def schema() -> dict[str, Any]:
    """The schema of one file, kinds of receivers from the installed packages included."""
    found = PolicyForm.model_json_schema(by_alias=True, ref_template=_REF, schema_generator=_Written)
    definitions = found["$defs"]
    definitions["ReceiverForm"] = _receiver(definitions, registry.find().kinds)
    for name, alternatives in _ALTERNATIVES.items():
        definitions[name]["oneOf"] = [{"required": [key]} for key in alternatives]
    definitions["RuleForm"]["allOf"] = [
        {"if": {"required": ["when"]}, "then": {"required": ["severity"]}, "else": {"properties": {"severity": False}}}
    ]
    for name, sufficient in (("CaseForm", ("expect", "messages")), ("ExpectForm", ("alerts", "pending"))):
        definitions[name]["anyOf"] = [{"required": [key]} for key in sufficient]
    definitions["AccountForm"]["anyOf"] = [{"required": ["region"]}, {"required": ["endpoint", "project_id"]}]
    flapping = definitions["RuleForm"]["properties"]["flapping"]
    flapping |= {"title": "Flapping", "anyOf": [{"type": "boolean"}, {"$ref": flapping.pop("$ref")}]}
    definitions["WindowForm"]["dependentRequired"] = {"cron": ["duration", "timezone"], "from": ["to"]}
    _polish(found)
    return {"$schema": DIALECT, **found, "title": "FDI Monitor policy"}


_ALTERNATIVES = {
    "RuleForm": ("when", "levels"),
    "AuthForm": CREDENTIALS,
    "CaseForm": ("instance", "instances"),
    "WindowForm": ("cron", "from"),
}


def _polish(node: Any) -> None:
    """Takes out what is true of the classes and not of the files: null for what is left out, names of classes."""
    if isinstance(node, list):
        for item in node:
            _polish(item)
    if not isinstance(node, dict):
        return
    for item in node.values():
        _polish(item)
    if isinstance(node.get("title"), str):
        node["title"] = node["title"].removesuffix("Form")
    if node.get("default", "") is None:
        del node["default"]
    if "patternProperties" in node:
        node["additionalProperties"] = False
    alternatives = node.get("anyOf", [])
    if {"type": "null"} in alternatives:
        alternatives.remove({"type": "null"})
        if len(alternatives) == 1:
            del node["anyOf"]
            node.update({key: value for key, value in alternatives[0].items() if key not in node})


def _options(model: type[Options]) -> dict[str, Any]:
    """The options of one kind; any mapping, where those of a plugin can be described by no schema."""
    try:
        return model.model_json_schema(ref_template=_REF, schema_generator=_Written)
    except PydanticUserError:
        return {"title": model.__name__, "type": "object"}


def _receiver(definitions: dict[str, Any], kinds: Mapping[str, type[Notifier]]) -> dict[str, Any]:
    properties: dict[str, Any] = dict(definitions["ReceiverForm"]["properties"])
    shared = Options.model_json_schema(schema_generator=_Written)["properties"]
    properties |= {key: {**shared[key], "description": "For all kinds of this receiver."} for key in SHARED}
    for kind, notifier in sorted(kinds.items()):
        options = _options(notifier.Options)
        definitions |= options.pop("$defs", {})
        properties[kind] = options
    return {
        "title": "Receiver",
        "description": "Where messages of a route go. Several kinds under one name are all sent.",
        "type": "object",
        "properties": properties,
        "required": ["name"],
        "anyOf": [{"required": [kind]} for kind in sorted(kinds)],
        "additionalProperties": False,
    }
