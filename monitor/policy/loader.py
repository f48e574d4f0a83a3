"""A folder of YAML files to the policy it writes: everything is read, everything wrong is said at once."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from monitor import posted
from monitor.errors import Fault, PolicyError, UsageError
from monitor.fdi.account import Account
from monitor.flapping import Flapping
from monitor.heartbeat import OFF
from monitor.notifiers import registry
from monitor.notifiers.receiver import Receiver
from monitor.policy import crosscheck, fallbacks, idle_routes, idle_rules, quota, receivers
from monitor.policy.accounts import AccountForm
from monitor.policy.cases import CaseForm
from monitor.policy.draft import MAX_FAULTS, Draft, drafted
from monitor.policy.drill import DrillForm
from monitor.policy.fallbacks import Fallback, NoCredentials
from monitor.policy.fields import Form
from monitor.policy.heartbeat import HeartbeatForm
from monitor.policy.policy import Policy
from monitor.policy.quiet import InhibitForm, MaintenanceForm, WindowForm
from monitor.policy.route import RouteForm
from monitor.policy.rules import RuleForm
from monitor.policy.source import PolicyFile, read
from monitor.policy.spot import Problem, Spot
from monitor.quieting import Quieting

F = TypeVar("F", bound=Form)

_NEEDED = {
    "accounts": "there are no accounts: write what is polled, as in\n"
    "  accounts:\n"
    "    - name: prod\n"
    "      region: cn-north-4\n"
    '      auth: {aksk: {access_key: "${HUAWEICLOUD_SDK_AK}", secret_key: "${HUAWEICLOUD_SDK_SK}"}}',
    "receivers": "there are no receivers: write who is told, as in\n"
    "  receivers:\n"
    "    - name: ops-chat\n"
    '      feishu: {webhook: "${FEISHU_WEBHOOK}"}',
    "route": "there is no route: write which receiver hears of alerts, as in\n  route: {receiver: ops-chat}",
}


@dataclass(frozen=True, slots=True)
class Examined:
    """What became of a folder: its policy, or None and why; faults and warnings by file and line."""

    policy: Policy | None
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    files: tuple[str, ...]


def load(folder: Path, environ: Mapping[str, str], *, doors: bool = True) -> Policy:
    """The policy in `folder`, its references filled in from `environ`.

    Without `doors` accounts are left out, and the kinds of receivers have only the options that all kinds have
    (their language is one), so that no secret is needed: enough to play tests.

    Raises:
        PolicyError: every fault of every file.
        UsageError: the folder is not there, or holds no policy file.
    """
    examined = examine(folder, environ, doors=doors)
    if examined.policy is None:
        raise PolicyError(examined.faults)
    return examined.policy


def examine(folder: Path, environ: Mapping[str, str], *, doors: bool = True) -> Examined:
    """As `load`, with faults and warnings side by side."""
    return examine_files([read(path) for path in paths(folder)], folder, environ, doors=doors)


def examine_files(files: list[PolicyFile], folder: Path, environ: Mapping[str, str], *, doors: bool = True) -> Examined:
    """As `examine`, of files that were read from `folder`. Each can be examined once."""
    # All that is built here lives until the end: looking for garbage in between takes half the time and finds none.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _examined(files, folder, environ, doors=doors)
    finally:
        if collecting:
            gc.enable()


def _examined(files: list[PolicyFile], folder: Path, environ: Mapping[str, str], *, doors: bool) -> Examined:
    draft = drafted(files, folder=folder, environ=environ, doors=doors)
    accounts = _accounts(draft, environ) if doors else []
    known_receivers = _receivers(draft, doors=doors)
    rules = _forms(draft, "rules", RuleForm)
    for spot, rule in rules:
        if not draft.complain(spot, rule.faults()):
            draft.warn(spot, [*rule.warnings(), *idle_rules.problems(rule), *idle_rules.blind(rule, accounts)])
    tests = _forms(draft, "tests", CaseForm)
    for spot, test in tests:
        draft.complain(spot, test.faults())
    quieting = _quieting(draft, [form for _, form in rules])
    routes = [(spot, form) for spot, node in draft.single("route") if (form := draft.read(spot, node, RouteForm))]
    beats = [draft.read(spot, node, HeartbeatForm) for spot, node in draft.single("heartbeat") if doors]
    schedules = [draft.read(spot, node, DrillForm) for spot, node in draft.single("drill")]
    for spot, route in routes if draft.whole else ():
        draft.warn(spot, idle_routes.problems(route.routes, draft.names("rules")))
    crosscheck.check_names(draft)
    crosscheck.check_summaries(draft, rules)
    crosscheck.check_shared_labels(draft, rules)
    crosscheck.check_accounts(draft, rules, routes)
    _check_needed(draft, folder, doors=doors)
    if doors:
        draft.warnings += [Fault(one.kind, 0, 0, str(one)) for one in registry.find().broken]
    names = tuple(file.name for file in files)
    faults, warnings = _sorted(draft.faults), _sorted(draft.warnings)
    if faults:
        return Examined(None, faults, warnings, names)
    policy = Policy(
        accounts=tuple(accounts),
        rules=tuple(form.build() for _, form in rules),
        receivers=tuple(known_receivers),
        route=routes[0][1].build(),
        quieting=quieting,
        heartbeat=next((form.build() for form in beats if form), OFF),
        drill=next((form.build() for form in schedules if form), None),
        cases=tuple(form.build(spot) for spot, form in tests),
        warnings=warnings,
        files=names,
        contents={file.name: file.data for file in files if file.data is not None},
        places={form.name: spot.where for spot, form in rules},
    )
    return Examined(policy, (), warnings, names)


def paths(folder: Path) -> list[Path]:
    """The files of the policy by name. Hidden ones are not of it: editors and ConfigMaps keep their own there.

    Raises:
        UsageError: the folder is not there, or holds no policy file.
    """
    try:
        names = sorted(path.name for path in folder.iterdir())
    except FileNotFoundError as error:
        raise UsageError(f"the folder {folder} does not exist: name the folder of the policy, such as rules") from error
    except NotADirectoryError as error:
        raise UsageError(f"{folder} is not a folder: name the folder of the policy, such as rules") from error
    except OSError as error:
        raise UsageError(f"the folder {folder} cannot be read: {error.strerror}") from error
    found = [folder / name for name in names if name.endswith((".yaml", ".yml")) and not name.startswith(".")]
    if not found:
        raise UsageError(f"the folder {folder} holds no *.yaml: a policy is made of such files")
    return found


def _forms(draft: Draft, key: str, form: type[F]) -> list[tuple[Spot, F]]:
    read_forms = ((spot, draft.read(spot, node, form)) for spot, node in draft.items(key))
    return [(spot, filled) for spot, filled in read_forms if filled is not None]


def _accounts(draft: Draft, environ: Mapping[str, str]) -> list[Account]:
    fallback = _fallback(draft, environ)
    built = []
    for spot, form in _forms(draft, "accounts", AccountForm):
        if draft.complain(spot, form.duplicates()) or (form.auth is None and fallback is None):
            continue
        account = form.build(fallback)
        draft.warn(spot, form.warnings())
        if shortage := quota.shortage(account):
            key = "quota" if "quota" in form.model_fields_set else "name"
            draft.warn(spot, [Problem(shortage, (key,))])
        built.append(account)
    return built


def _fallback(draft: Draft, environ: Mapping[str, str]) -> Fallback | None:
    """The credentials of accounts that write none; where there are none such accounts are told so."""
    without = [spot for spot, node in draft.items("accounts") if node.get("auth") is None]
    if not without:
        return None
    try:
        return fallbacks.find(environ)
    except NoCredentials as missing:
        for spot in without:
            draft.complain(spot, [Problem(str(missing), ("auth",), on_key=True)])
        return None


def _receivers(draft: Draft, *, doors: bool) -> list[Receiver]:
    kinds = registry.find().kinds
    built = []
    for spot, node in draft.items("receivers"):
        receiver, problems = receivers.read(node, kinds, doors=doors)
        draft.complain(spot, problems)
        if receiver is not None:
            built.append(receiver)
        if doors:
            draft.warn(spot, receivers.warnings(node, kinds))
    return built


def _quieting(draft: Draft, rules: list[RuleForm]) -> Quieting:
    """What is said about keeping quiet, as far as it is sound."""
    windows = [form for spot, form in _forms(draft, "windows", WindowForm) if not draft.complain(spot, form.faults())]
    return Quieting(
        windows={form.name: form.build() for form in windows},
        maintenance=tuple(form.build() for _, form in _forms(draft, "maintenance", MaintenanceForm)),
        inhibit=tuple(form.build() for _, form in _forms(draft, "inhibit", InhibitForm)),
        flapping={posted.RULE: Flapping()}
        | {form.name: limits for form in rules if (limits := form.flapping.build()) is not None},
    )


def _check_needed(draft: Draft, folder: Path, *, doors: bool) -> None:
    """A policy that polls nothing or tells nobody is a mistake, not a wish."""
    if not draft.whole:
        return
    present = {
        key for _, root in draft.roots() for key, entry in root.entries.items() if getattr(entry.node, "items", True)
    }
    for key, message in _NEEDED.items():
        if key not in present and (doors or key != "accounts"):
            draft.faults.append(Fault(str(folder), 0, 0, message))
    if "rules" not in present:
        draft.warnings.append(Fault(str(folder), 0, 0, "there are no rules: nothing will ever alert"))


def _sorted(faults: list[Fault]) -> tuple[Fault, ...]:
    found = sorted(dict.fromkeys(faults), key=lambda fault: (fault.file, fault.line, fault.column))
    if len(found) < MAX_FAULTS:
        return tuple(found)
    last = Fault(
        found[MAX_FAULTS - 1].file, 0, 0, f"only the first {MAX_FAULTS:,} are shown: mend these, then look again"
    )
    return (*found[:MAX_FAULTS], last)
