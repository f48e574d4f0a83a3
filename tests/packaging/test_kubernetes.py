"""The manifests for Kubernetes: their parts fit together, and fit the image, the settings and the addresses."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml

import monitor
from monitor.cli import COMMANDS
from monitor.settings import PREFIX, variables
from monitor.web import health

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "kubernetes"
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
FILES = sorted(FOLDER.glob("*.yaml"))
SECRETIVE = re.compile(r"PASSWORD|SECRET|TOKEN|USERS|DATABASE_URL|_SK$|_AK$|WEBHOOK")


def manifests(file: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(file.read_text(encoding="utf-8")))


def workload(file: Path) -> dict[str, Any]:
    [found] = [one for one in manifests(file) if one["kind"] in ("StatefulSet", "Deployment")]
    return found


def pod(file: Path) -> dict[str, Any]:
    spec: dict[str, Any] = workload(file)["spec"]["template"]["spec"]
    return spec


def container(file: Path) -> dict[str, Any]:
    [only] = pod(file)["containers"]
    found: dict[str, Any] = only
    return found


def settings(file: Path) -> dict[str, Any]:
    return {one["name"]: one.get("value") for one in container(file)["env"]}


every = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def test_there_is_one_for_one_node_and_one_for_several() -> None:
    assert [(file.stem, workload(file)["kind"], workload(file)["spec"]["replicas"]) for file in FILES] == [
        ("cluster", "Deployment", 2),
        ("single", "StatefulSet", 1),
    ]


@every
def test_what_selects_finds_what_is_labelled(file: Path) -> None:
    labels = workload(file)["spec"]["template"]["metadata"]["labels"]
    for one in manifests(file):
        assert one["metadata"]["name"] == "fdi-monitor"
        selector = one["spec"]["selector"]
        assert selector.get("matchLabels", selector) == labels


@every
def test_the_image_is_that_of_this_version_and_is_given_a_command_and_settings_that_there_are(file: Path) -> None:
    assert container(file)["image"] == f"fdi-monitor:{monitor.__version__}"
    command, *arguments = container(file)["args"]
    assert COMMANDS[command].load().make_context(command, arguments).info_name == "run"
    assert set(settings(file)) <= set(variables())
    assert arguments == [], "who may come in is said by the secret"


@every
def test_ports_and_probes_lead_to_the_pages(file: Path) -> None:
    [port] = container(file)["ports"]
    assert str(port["containerPort"]) == settings(file)[f"{PREFIX}WEB__PORT"]
    assert settings(file)[f"{PREFIX}WEB__HOST"] == "0.0.0.0"
    [service] = [one for one in manifests(file) if one["kind"] == "Service"]
    assert [one["targetPort"] for one in service["spec"]["ports"]] == [port["name"]]
    served = {route.path for route in health.routes if hasattr(route, "path")}
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        asked = container(file)[probe]["httpGet"]
        assert asked["path"] in served
        assert asked["port"] == port["name"]


@every
def test_it_is_as_patient_as_the_watchdog_of_systemd(file: Path) -> None:
    probe = container(file)["livenessProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] == 90


@every
def test_nobody_has_a_right_that_is_not_needed(file: Path) -> None:
    whole, only = pod(file)["securityContext"], container(file)["securityContext"]
    [user] = set(re.findall(r"^USER (\d+):\d+$", DOCKERFILE, flags=re.MULTILINE))
    assert {whole["runAsUser"], whole["runAsGroup"], whole["fsGroup"]} == {int(user)}
    assert whole["runAsNonRoot"] is True
    assert whole["seccompProfile"] == {"type": "RuntimeDefault"}
    assert only == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod(file)["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod(file))


@every
def test_what_is_mounted_is_there_and_the_state_outlives_a_lone_pod(file: Path) -> None:
    claimed = {one["metadata"]["name"] for one in workload(file)["spec"].get("volumeClaimTemplates", [])}
    volumes = {one["name"] for one in pod(file)["volumes"]} | claimed
    mounts = {one["name"]: one for one in container(file)["volumeMounts"]}
    assert set(mounts) == volumes
    assert mounts["rules"]["mountPath"] == settings(file)[f"{PREFIX}RULES"]
    assert mounts["rules"]["readOnly"] is True
    assert mounts["data"]["mountPath"] == settings(file)[f"{PREFIX}DATA"]
    assert ("data" in claimed) == (workload(file)["kind"] == "StatefulSet")


@every
def test_no_secret_stands_in_them(file: Path) -> None:
    assert [name for name in settings(file) if SECRETIVE.search(name)] == []
    [given] = container(file)["envFrom"]
    assert given == {"secretRef": {"name": "fdi-monitor"}}
    assert "Secret" not in {one["kind"] for one in manifests(file)}


def test_the_guide_makes_what_they_ask_for() -> None:
    guide = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    made = re.findall(r"create (configmap|secret generic) (\S+)", guide)
    asked = chain.from_iterable(
        (("configmap", pod(file)["volumes"][0]["configMap"]["name"]), ("secret generic", "fdi-monitor"))
        for file in FILES
    )
    assert set(made) == set(asked)
