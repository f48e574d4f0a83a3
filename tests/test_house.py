"""The laws of the house, executed: they hold for every file, also for those that nobody has written yet."""

from __future__ import annotations

import ast
import functools
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from importlinter import api as _configures_the_linter  # noqa: F401
from importlinter.application import use_cases

ROOT = Path(__file__).parents[1]
MIGRATIONS = ROOT / "monitor" / "store" / "migrations"
LINES, FUNCTION_LINES, PLAIN_METHOD_LINES = 250, 50, 10
CORE_MAY_NOT = {"asyncio", "time", "random", "os", "pathlib", "logging", "socket", "aiohttp", "sqlalchemy"}
Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


@functools.cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def modules() -> list[Path]:
    return sorted(file for file in (ROOT / "monitor").rglob("*.py"))


def written_by_hand() -> list[Path]:
    return [file for file in modules() if MIGRATIONS not in file.parents]


def place(file: Path, node: ast.AST | None = None) -> str:
    line = f":{getattr(node, 'lineno', 1)}" if node else ""
    return f"{file.relative_to(ROOT)}{line}"


def none(faults: Iterable[str]) -> None:
    found = sorted(faults)
    assert not found, "\n" + "\n".join(found)


def everywhere(files: list[Path], fault: Callable[[ast.AST], bool]) -> list[str]:
    """The places of the nodes that are at fault."""
    return [place(file, node) for file in files for node in ast.walk(tree(file)) if fault(node)]


# --- law 1: imports only go down


@functools.cache
def contracts() -> dict[str, dict[str, Any]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    return {contract["id"]: contract for contract in settings["contracts"]}


def test_imports_only_go_down_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    kept = use_cases.lint_imports(config_filename=str(ROOT / "pyproject.toml"), cache_dir=None, no_logo=True)
    assert kept, capsys.readouterr().out


def test_everything_below_the_clock_is_the_core_and_keeps_its_promise() -> None:
    layers = contracts()["layers"]["layers"]
    [clock] = [index for index, layer in enumerate(layers) if "clock" in _names(layer)]
    below = {f"monitor.{name}" for layer in layers[clock + 1 :] for name in _names(layer)}
    assert below == set(contracts()["core"]["source_modules"])
    assert set(contracts()["core"]["forbidden_modules"]) == CORE_MAY_NOT
    assert "allow_indirect_imports" not in contracts()["core"]


def test_no_layer_is_optional_and_none_is_forgotten() -> None:
    layers = contracts()["layers"]
    assert layers["exhaustive"] is True
    assert [layer for layer in layers["layers"] if "(" in layer] == []
    listed = {name for layer in layers["layers"] for name in _names(layer)}
    there = {file.stem for file in (ROOT / "monitor").iterdir() if _is_module(file)}
    none(f"{name} is in no layer" for name in there - listed)
    none(f"{name} is a layer, but no module" for name in listed - there)


def test_the_simulator_knows_nothing_of_the_service_but_its_clock() -> None:
    allowed = {"monitor", "monitor.clock"}
    none(
        f"{place(file, node)} {name}"
        for file in (ROOT / "monitor" / "simulator").rglob("*.py")
        for node in ast.walk(tree(file))
        for name in _imported(node)
        if name.split(".")[0] == "monitor" and name not in allowed and not name.startswith("monitor.simulator")
    )


def _names(layer: str) -> list[str]:
    return [name.strip(" ()") for name in re.split(r"[|:]", layer)]


def _is_module(file: Path) -> bool:
    return (file.suffix == ".py" and file.stem != "__init__") or (file.is_dir() and any(file.glob("*.py")))


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (name.name for name in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        yield from ([f"monitor.{name.name}" for name in node.names] if base == "monitor" else [base])


# --- law 2: nothing but the clock reads the wall clock

_TELLERS = {
    "datetime": {"now", "utcnow", "today", "fromtimestamp"},
    "date": {"today"},
    "time": {"time", "time_ns", "sleep", "localtime", "gmtime", "ctime", "strftime"},
}


def _tells_the_time(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom) and node.module == "time":
        return any(name.name in _TELLERS["time"] for name in node.names)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    owner = node.func.value
    name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
    # a moment made from a number that was given is no look at the clock
    return node.func.attr in _TELLERS.get(name, set()) - {"fromtimestamp"}


def test_only_the_clock_reads_the_wall_clock() -> None:
    clock = ROOT / "monitor" / "clock.py"
    assert everywhere([clock], _tells_the_time) != [], "the test no longer sees what it looks for"
    none(everywhere([file for file in modules() if file != clock], _tells_the_time))


# --- law 5: errors are sorted, never swallowed

_ANYTHING = {"Exception", "BaseException"}


def _swallows(node: ast.AST) -> bool:
    if isinstance(node, ast.ExceptHandler):
        if node.type is None:
            return True
        empty = all(isinstance(step, ast.Pass | ast.Continue) or _is_constant(step) for step in node.body)
        return empty and bool(_ANYTHING & _caught(node.type))
    if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "suppress":
        return bool(_ANYTHING & {name for argument in node.args for name in _caught(argument)})
    return False


def _is_constant(step: ast.stmt) -> bool:
    return isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant)


def _caught(node: ast.expr) -> set[str]:
    return {ast.unparse(part).split(".")[-1] for part in (node.elts if isinstance(node, ast.Tuple) else [node])}


def test_no_error_is_swallowed() -> None:
    none(everywhere(modules(), _swallows))


@pytest.mark.parametrize(
    "code",
    [
        "try:\n    f()\nexcept:\n    raise",
        "try:\n    f()\nexcept Exception:\n    pass",
        "try:\n    f()\nexcept (OSError, BaseException):\n    ...",
        "with contextlib.suppress(OSError, Exception):\n    f()",
    ],
)
def test_a_swallowed_error_is_seen(code: str) -> None:
    assert any(_swallows(node) for node in ast.walk(ast.parse(code)))


# --- law 8 and the size of rooms


def test_every_module_says_what_it_is_for() -> None:
    none(place(file) for file in modules() if tree(file).body and not ast.get_docstring(tree(file)))


def test_what_others_may_use_says_what_it_does() -> None:
    """Public classes and functions, and public methods that are more than a few lines, properties apart."""
    none(
        f"{place(file, node)} {node.name}"
        for file in written_by_hand()
        for node in _public(tree(file))
        if not ast.get_docstring(node)
    )


def _public(module: ast.Module) -> Iterator[Definition]:
    for node in module.body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from (method for method in node.body if isinstance(method, Function) and _is_worth_a_word(method))


def _is_worth_a_word(method: Function) -> bool:
    is_property = any("property" in ast.unparse(decorator) for decorator in method.decorator_list)
    return not method.name.startswith("_") and not is_property and _length(method) > PLAIN_METHOD_LINES


def test_no_file_is_too_long_to_read_at_once() -> None:
    lengths = {place(file): len(file.read_text(encoding="utf-8").splitlines()) for file in written_by_hand()}
    none(f"{name} has {length} lines" for name, length in lengths.items() if length > LINES)


def test_no_function_is_too_long_to_see_at_once() -> None:
    none(everywhere(written_by_hand(), lambda node: isinstance(node, Function) and _length(node) > FUNCTION_LINES))


def _length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1
