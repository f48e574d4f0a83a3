"""The image, as far as it can be tried without an engine: the Dockerfile's steps are replayed one by one."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

import monitor
from monitor.store import migrate

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
IGNORED = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
SOMEBODY = 10001


def steps(keyword: str) -> list[str]:
    return re.findall(rf"^{keyword} +(.*)$", DOCKERFILE, flags=re.MULTILINE)


def copied() -> list[str]:
    """What the Dockerfile takes from this folder."""
    return [source for step in steps("COPY") if "--from" not in step for source in step.split()[:-1]]


def clean_environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FDI_MONITOR_", "PYTHON"))}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", **more}


def run(*command: str | Path, cwd: Path | None = None, user: int | None = None) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=clean_environment(HOME="/nonexistent"),
        capture_output=True,
        text=True,
        check=False,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def workshop() -> Iterator[Path]:
    """A folder that other users can enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="fdi-monitor-image-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def wheel(workshop: Path) -> Path:
    """Built from what the Dockerfile copies, and from nothing else."""
    source = workshop / "src"
    source.mkdir()
    for name in copied():
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "*.py[cod]"))
        else:
            shutil.copy(ROOT / name, source / name)
    run(
        *(sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-index"),
        *("--no-deps", "--no-build-isolation", "--wheel-dir", workshop / "dist", source),
        cwd=workshop,
    )
    [built] = (workshop / "dist").iterdir()
    return built


@pytest.fixture(scope="module")
def app(workshop: Path, wheel: Path) -> Path:
    """A fresh environment with the wheel; its dependencies are lent from the one that runs the tests."""
    folder = workshop / "app"
    run(reachable_interpreter() or sys.executable, "-m", "venv", "--without-pip", folder, cwd=workshop)
    python = folder / "bin" / "python"
    run(
        *(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--disable-pip-version-check"),
        *("--no-index", "--no-deps", wheel),
        cwd=workshop,
    )
    [packages] = folder.glob("lib/python*/site-packages")
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def reachable_interpreter() -> Path | None:
    """A Python like this one that any user can start together with the lent dependencies."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    lent = f"import sys; sys.path.append({sysconfig.get_path('purelib')!r}); import click"
    for candidate in (Path(sys.executable).resolve(), Path("/usr/local/bin") / version, Path("/usr/bin") / version):
        try:
            run(candidate, "-c", lent, user=SOMEBODY)
        except (OSError, AssertionError):
            continue
        return candidate
    return None


def test_the_dockerfile_is_clean() -> None:
    hadolint = Path(sysconfig.get_path("scripts")) / "hadolint"
    checked = subprocess.run([hadolint, "--no-color", ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_base_images_are_named_with_a_tag_and_without_a_registry() -> None:
    for image in (step.split()[0] for step in steps("FROM")):
        assert re.fullmatch(r"[a-z]+:[0-9][0-9a-z.-]+", image)


def test_the_process_is_not_root_is_stopped_kindly_and_keeps_its_data_outside() -> None:
    assert steps("USER")[-1] == f"{SOMEBODY}:{SOMEBODY}"
    assert steps("STOPSIGNAL") == ["SIGTERM"]
    assert [json.loads(step) for step in steps("VOLUME")] == [["/data"]]
    assert json.loads(steps("ENTRYPOINT")[0]) == ["fdi-monitor"]


def test_what_is_copied_exists_and_is_sent_to_the_builder() -> None:
    assert copied() != []
    for name in copied():
        assert (ROOT / name).exists()
        assert not _kept_away(name)
    for name in (".env", ".git", "secrets/smtp_password", "monitor/__pycache__", "monitor/web/__pycache__/x.pyc"):
        assert _kept_away(name)


def _kept_away(name: str) -> bool:
    """Docker's reading: the last pattern that matches the file or a folder above it decides."""
    away = False
    parents = [str(part) for part in (Path(name), *Path(name).parents)]
    for line in IGNORED:
        pattern = line.removeprefix("!").removeprefix("**/")
        if any(fnmatch(part, pattern) or fnmatch(part, f"*/{pattern}") for part in parents):
            away = not line.startswith("!")
    return away


def test_the_lock_holds_all_that_the_wheel_and_its_making_ask_for() -> None:
    pinned = re.findall(r"^([a-z0-9._-]+)==([^ ]+)", (ROOT / "requirements.lock").read_text(), flags=re.MULTILINE)
    lock = {canonicalize_name(name): version for name, version in pinned}
    assert len(lock) == len(pinned), "one version of each"
    needed = _needed("fdi-monitor") | _needed("hatchling") | {canonicalize_name("hatchling")}
    assert sorted(name for name in needed if name not in lock) == []
    assert {name: lock[name] for name in needed} == {name: metadata.version(name) for name in needed}


def _needed(name: str) -> set[NormalizedName]:
    """The names of all that `name` needs on this machine, directly or not."""
    found: set[NormalizedName] = set()
    waiting: list[tuple[str, frozenset[str]]] = [(name, frozenset())]
    seen = set(waiting)
    while waiting:
        current, extras = waiting.pop()
        for requirement in map(Requirement, metadata.requires(current) or ()):
            marker = requirement.marker
            if marker and not any(marker.evaluate({"extra": extra}) for extra in (extras or {""})):
                continue
            step = (canonicalize_name(requirement.name), frozenset(requirement.extras))
            found.add(step[0])
            if step not in seen:
                seen.add(step)
                waiting.append(step)
    return found


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(wheel: Path) -> None:
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    package = ROOT / "monitor"
    there = {
        str(file.relative_to(ROOT)) for file in package.rglob("*") if file.is_file() and "__pycache__" not in file.parts
    }
    assert inside == there
    assert any(name.endswith(".html") for name in inside), "the pages' templates"
    assert any(name.startswith("monitor/store/migrations/versions/0001") for name in inside), "the migrations"


def test_the_same_source_gives_the_same_wheel_whenever_it_is_built(wheel: Path, workshop: Path) -> None:
    """Other times of files, another order of folders, another mask: the same bytes."""
    built = []
    for name, mask, epoch in (("one", 0o022, None), ("two", 0o077, 1_000_000_000)):
        source = shutil.copytree(workshop / "src", workshop / name)
        for file in source.rglob("*"):
            if epoch is not None:
                os.utime(file, (epoch, epoch))
        code = f"import os; os.umask({mask}); from hatchling.build import build_wheel; print(build_wheel('dist'))"
        environment = clean_environment(SOURCE_DATE_EPOCH="1700000000")
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=source, env=environment, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
        built.append((source / "dist" / wheel.name).read_bytes())
    assert built[0] == built[1]


def test_the_installed_command_answers(app: Path, workshop: Path) -> None:
    command = app / "bin" / "fdi-monitor"
    assert run(command, "--version", cwd=workshop) == f"fdi-monitor, version {monitor.__version__}\n"
    assert "Commands:" in run(command, "--help", cwd=workshop)
    assert run(app / "bin" / "python", "-m", "monitor", "--version", cwd=workshop).startswith("fdi-monitor, version")


def test_the_installed_package_is_whole(app: Path, workshop: Path) -> None:
    code = """
import monitor, sys
from importlib.metadata import entry_points
from monitor.store import migrate
assert monitor.__file__.startswith(sys.prefix), monitor.__file__
kinds = [point.load().__name__ for point in entry_points(group="fdi_monitor.notifiers")]
print(len(kinds), migrate.head())
"""
    kinds, head = run(app / "bin" / "python", "-c", code, cwd=workshop).split()
    declared = metadata.entry_points(group="fdi_monitor.notifiers")
    assert int(kinds) == len({point.name for point in declared}) > 0
    assert head == migrate.head()


def test_the_installed_command_runs_as_somebody_who_may_write_nowhere(app: Path, workshop: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    if reachable_interpreter() is None:
        pytest.skip(f"no other user can reach {Path(sys.executable).resolve()} and {sysconfig.get_path('purelib')}")
    python = app / "bin" / "python"
    empty = workshop / "read-only"
    empty.mkdir(mode=0o555)
    probe = "import os; print(os.getuid(), os.access('.', os.W_OK))"
    assert run(python, "-c", probe, cwd=empty, user=SOMEBODY) == f"{SOMEBODY} False\n"
    command = app / "bin" / "fdi-monitor"
    assert "Commands:" in run(command, "--help", cwd=empty, user=SOMEBODY)
    assert "FDI_MONITOR_DATA" in run(command, "config", cwd=empty, user=SOMEBODY)
