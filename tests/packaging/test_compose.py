"""`docker-compose.yml` fits together: its own parts, the settings, the commands and the simulated cloud."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from monitor import environment
from monitor.cli import COMMANDS
from monitor.environment import TWIN
from monitor.policy import loader
from monitor.settings import PREFIX, variables
from monitor.simulator.identity import Account

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWN = {name: service for name, service in SERVICES.items() if service["image"] == "fdi-monitor"}
LISTENING = "0.0.0.0"


def mounts(service: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for volume in service.get("volumes", []):
        source, target, *_ = volume.split(":")
        yield source, target


def granted(kind: str) -> dict[str, set[str]]:
    """By service, the secrets or configs it is given."""
    return {
        name: {entry if isinstance(entry, str) else entry["source"] for entry in service.get(kind, [])}
        for name, service in SERVICES.items()
    }


def own_variables(service: dict[str, Any]) -> dict[str, str]:
    return {name: value for name, value in service.get("environment", {}).items() if name.startswith(PREFIX)}


def test_the_file_is_valid_compose() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_the_profiles_are_those_of_the_design() -> None:
    by_profile = {name: service.get("profiles", [""])[0] for name, service in SERVICES.items()}
    assert by_profile == {
        "monitor": "",
        "cloud": "demo",
        "demo": "demo",
        "postgres": "cluster",
        "node-1": "cluster",
        "node-2": "cluster",
    }


@pytest.mark.parametrize("kind", ["secrets", "configs"])
def test_what_is_granted_is_declared_and_what_is_declared_is_granted(kind: str) -> None:
    assert set().union(*granted(kind).values()) == set(COMPOSE[kind])


def test_volumes_are_declared_and_used_and_bind_mounts_exist() -> None:
    sources = {source for service in SERVICES.values() for source, _ in mounts(service)}
    named = {source for source in sources if not source.startswith(".")}
    assert named == set(COMPOSE["volumes"])
    assert [source for source in sources - named if not (ROOT / source).exists()] == []


def test_no_two_services_share_a_volume() -> None:
    named = [source for service in SERVICES.values() for source, _ in mounts(service) if not source.startswith(".")]
    assert len(named) == len(set(named))


def test_who_is_waited_for_is_there_and_can_say_that_it_is_well() -> None:
    for name, service in SERVICES.items():
        for other, terms in service.get("depends_on", {}).items():
            assert SERVICES[other]["profiles"] == service["profiles"], f"{name} waits for {other}"
            assert terms == {"condition": "service_healthy"}
            assert "healthcheck" in SERVICES[other]


def test_networks_are_the_default_one() -> None:
    assert "networks" not in COMPOSE
    assert [name for name, service in SERVICES.items() if "networks" in service or "network_mode" in service] == []


@pytest.mark.parametrize("name", OWN)
def test_a_service_of_ours_has_no_rights_it_does_not_need(name: str) -> None:
    service = OWN[name]
    assert service["user"] == "10001:10001"
    assert service["read_only"] is True
    assert any(mount.split(":")[0] == "/tmp" for mount in service["tmpfs"])
    assert not {"cap_add", "devices", "pid", "ipc"} & set(service)


@pytest.mark.parametrize("name", SERVICES)
def test_nobody_gains_rights_or_keeps_those_that_a_container_is_given(name: str) -> None:
    assert SERVICES[name]["cap_drop"] == ["ALL"]
    assert SERVICES[name]["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in SERVICES[name]


@pytest.mark.parametrize("name", OWN)
def test_a_command_is_one_that_the_command_line_takes(name: str) -> None:
    command, *arguments = OWN[name]["command"]
    context = COMMANDS[command].load().make_context(command, arguments)
    assert context.params


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_published_on_this_machine_alone_and_lead_to_where_the_service_listens(name: str) -> None:
    service = SERVICES[name]
    for published in service.get("ports", []):
        host, _, inside = published.split(":")
        assert host == "127.0.0.1"
        assert int(inside) == _listens_on(service)


def test_no_two_services_publish_the_same_port() -> None:
    outside = [published.split(":")[1] for service in SERVICES.values() for published in service.get("ports", [])]
    assert len(outside) == len(set(outside)) == len(OWN)


def _listens_on(service: dict[str, Any]) -> int:
    command, *arguments = service["command"]
    if command == "simulate":
        options = COMMANDS[command].load().make_context(command, arguments).params
        assert options["host"] == LISTENING
        return int(options["port"])
    ours = own_variables(service)
    assert ours[f"{PREFIX}WEB__HOST"] == LISTENING
    assert "--insecure" in arguments
    return int(ours[f"{PREFIX}WEB__PORT"])


@pytest.mark.parametrize("name", OWN)
def test_the_settings_are_known_and_taken(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in variables():
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable + TWIN, raising=False)
    ours = own_variables(OWN[name])
    known = set(variables())
    assert {variable.removesuffix(TWIN) for variable in ours} <= known
    for variable, value in ours.items():
        if not variable.endswith(TWIN):
            monkeypatch.setenv(variable, value)
    loaded = environment.load(secrets=tmp_path / "none")
    assert {variable for variable, origin in loaded.origins.items() if origin == "environment"} == {
        variable for variable in ours if not variable.endswith(TWIN)
    }
    assert loaded.warnings == ()


@pytest.mark.parametrize("name", SERVICES)
def test_a_file_variable_points_to_a_secret_that_was_granted(name: str) -> None:
    files = {value for variable, value in SERVICES[name].get("environment", {}).items() if variable.endswith(TWIN)}
    assert files == {f"/run/secrets/{secret}" for secret in granted("secrets")[name]}


@pytest.mark.parametrize("name", [name for name in OWN if name != "cloud"])
def test_a_node_finds_its_policy_and_can_keep_its_data(name: str) -> None:
    service = OWN[name]
    folder = own_variables(service).get(f"{PREFIX}RULES", "/rules")
    places = [target for _, target in mounts(service)] + [entry["target"] for entry in service.get("configs", [])]
    assert any(target == folder or target.startswith(f"{folder}/") for target in places)
    writable = [target for _, target in mounts(service)] + [mount.split(":")[0] for mount in service["tmpfs"]]
    assert "/data" in writable


def test_the_demo_policy_is_valid_and_fits_the_simulated_cloud(tmp_path: Path) -> None:
    text = COMPOSE["configs"]["demo_policy"]["content"]
    (tmp_path / "demo.yaml").write_text(text)
    (tmp_path / "fdi.yaml").write_bytes((ROOT / "rules" / "fdi.yaml").read_bytes())
    policy = loader.load(tmp_path, {})
    [account] = policy.accounts
    command, *arguments = SERVICES["cloud"]["command"]
    cloud = COMMANDS[command].load().make_context(command, arguments).params
    expected = Account.seeded(cloud["seed"], account.region)
    assert f"access_key: {expected.access_key}, secret_key: {expected.secret_key}" in text
    assert f"secret: sim-{expected.password}" in text
    assert account.project_id == expected.project_id
    for address in (account.endpoint, account.iam_endpoint):
        assert (urlsplit(address).hostname, urlsplit(address).port) == ("cloud", cloud["port"])
    assert f"http://cloud:{cloud['port']}/feishu/demo" in text
