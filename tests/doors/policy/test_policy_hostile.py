"""Files that mean harm, and folders that change while they are read: a clear fault at its place, soon, and no crash."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from policy_folders import ACCOUNTS, ENVIRONMENT, TELLING, WHOLE, folder

from monitor.errors import Fault, UsageError
from monitor.policy import loader, source
from monitor.policy.draft import MAX_FAULTS
from monitor.policy.loader import examine

SOON = 5
"""Seconds of work, whoever else is at work on the machine; without their bounds these would take half a minute."""


def faults(where: Path, bad: str | bytes) -> list[Fault]:
    """The faults of the file `bad.yaml` beside sound ones, found soon."""
    began = time.process_time()
    found = examine(folder(where, ACCOUNTS + TELLING, bad=bad), ENVIRONMENT).faults
    assert time.process_time() - began < SOON
    return [fault for fault in found if fault.file.endswith("bad.yaml")]


def test_ten_megabytes_are_refused_unread(tmp_path: Path) -> None:
    [fault] = faults(tmp_path, b"rules:\n" + b"  - {}\n" * 1_500_000)
    assert fault.message == "is larger than 5 MiB"


@pytest.mark.parametrize("piece", [b"  - {}\n", b"  - a\n"])
def test_a_million_values_are_refused_where_the_bound_is_passed(tmp_path: Path, piece: bytes) -> None:
    [fault] = faults(tmp_path, b"rules:\n" + piece * 500_000)
    assert fault.message == "this file holds more than 300,000 keys and values: divide it into several"
    assert fault.line > 200_000


@pytest.mark.parametrize("bad", [b"rules:\n" + b"  - {}\n" * 20_000, b"a: 1\n" * 20_000])
def test_countless_faults_are_told_up_to_a_bound(tmp_path: Path, bad: bytes) -> None:
    found = faults(tmp_path, bad)
    assert len(found) == MAX_FAULTS + 1
    assert "only the first 1,000 are shown" in {fault.message.partition(":")[0] for fault in found}


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("(" * 900, "nested"),
        ("not " * 240 + "up == 1", "nested"),
        ("-" * 900 + "1 > 0", "nested"),
        ("abnormal + " * 80_000 + "1 > 0", "an expression has at most 1,000"),
        ("__import__('os').system('true')", "is not of this language"),
        ("9" * 400 + " > 0", "is too large"),
        ("abnormal > 0 \u202e 0 < up", "is not of this language"),
    ],
)
def test_a_hostile_expression_is_a_fault_at_its_place(tmp_path: Path, expression: str, message: str) -> None:
    [fault] = faults(tmp_path, f"rules:\n  - name: a\n    severity: info\n    when: |-\n      {expression}\n")
    assert message in fault.message
    assert (fault.line, fault.path) == (5, "rules.0.when")


@pytest.mark.parametrize(
    "summary",
    [
        "{{ 'x' * 10000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ range(10000000) }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ self._TemplateReference__context }}",
        "{% for a in [1, 2, 3, 4, 5, 6, 7] %}" * 4 + "{% endfor %}" * 4,
        "{{ " + "(" * 900 + "1" + ")" * 900 + " }}",
        "{% include '/etc/passwd' %}",
        "{{ 'ab'" + "|join('ab')" * 40 + " }}",
        "{{ 1e308 * 1e308 - 1e308 * 1e308 }}" + "{{ age|duration('x') }}",
        "x" * 2_001,
    ],
)
def test_a_hostile_template_is_a_fault_at_its_place(tmp_path: Path, summary: str) -> None:
    text = f"rules:\n  - name: a\n    severity: info\n    when: up == 0\n    summary: |-\n      {summary}\n"
    [fault] = faults(tmp_path, text)
    assert (fault.line, fault.path) == (6, "rules.0.summary")


def test_folders_that_lead_to_themselves_are_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "rules").symlink_to(tmp_path / "rules")
    with pytest.raises(UsageError, match="cannot be read: Too many levels of symbolic links"):
        examine(tmp_path / "rules", ENVIRONMENT)


@pytest.fixture
def before_each_file(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Path], object]], None]:
    """Lets something happen after the folder was listed, before each of its files is read."""

    def arrange(happens: Callable[[Path], object]) -> None:
        def read(path: Path) -> source.PolicyFile:
            happens(path)
            return source.read(path)

        monkeypatch.setattr(loader, "read", read)

    return arrange


def test_a_file_that_vanishes_is_a_fault_and_the_others_are_read(
    tmp_path: Path, before_each_file: Callable[[Callable[[Path], object]], None]
) -> None:
    where = folder(tmp_path / "rules", WHOLE, other="rules: [{name: b}]\n")
    before_each_file(lambda path: path.unlink() if path.stem == "policy" else None)
    found = {Path(fault.file).name: fault.message for fault in examine(where, ENVIRONMENT).faults}
    assert found["policy.yaml"] == "cannot be read: No such file or directory"
    assert "other.yaml" in found


def test_a_folder_that_vanishes_is_a_fault_of_each_file(
    tmp_path: Path, before_each_file: Callable[[Callable[[Path], object]], None]
) -> None:
    where = folder(tmp_path / "rules", WHOLE, other="tests: []\n")
    before_each_file(lambda _path: shutil.rmtree(where, ignore_errors=True))
    result = examine(where, ENVIRONMENT)
    assert result.policy is None
    assert [(Path(fault.file).name, fault.message) for fault in result.faults] == [
        ("other.yaml", "cannot be read: No such file or directory"),
        ("policy.yaml", "cannot be read: No such file or directory"),
    ]


def test_a_file_that_becomes_a_folder_a_pipe_or_a_loop_is_a_fault(
    tmp_path: Path, before_each_file: Callable[[Callable[[Path], object]], None]
) -> None:
    def replace(path: Path) -> None:
        path.unlink()
        if path.stem == "a":
            path.mkdir()
        elif path.stem == "b":
            os.mkfifo(path)
        else:
            path.symlink_to(path)

    where = folder(tmp_path / "rules", "", a="", b="", c="")
    (where / "policy.yaml").unlink()
    before_each_file(replace)
    assert [fault.message for fault in examine(where, ENVIRONMENT).faults] == [
        "cannot be read: Is a directory",
        "is not a regular file",
        "cannot be read: Too many levels of symbolic links",
    ]


@pytest.mark.parametrize("at_once", [True, False])
def test_a_file_that_is_replaced_while_it_is_read_is_the_old_or_the_new_or_a_fault(
    tmp_path: Path, at_once: bool
) -> None:
    """Replaced at once, as editors and ConfigMaps do, it is whole; written in place, half of it may be read."""
    where = folder(tmp_path / "rules")
    versions = [WHOLE, WHOLE.replace("name: cdc", "name: other") + "# longer\n" * 5_000]
    stop = threading.Event()

    def write() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            file = where / "policy.yaml" if not at_once else tmp_path / "next"
            file.write_text(versions[turn % 2])
            file.replace(where / "policy.yaml")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        results = [examine(where, ENVIRONMENT) for _ in range(40)]
    finally:
        stop.set()
        writer.join()
    names = {result.policy.rules[0].name if result.policy else "fault" for result in results}
    assert names <= ({"cdc", "other"} if at_once else {"cdc", "other", "fault"})
    assert all(result.policy or result.faults for result in results)
