"""`fdi-monitor test`: plays the tests written beside the rules."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import click

from monitor.cli import GOOD, TROUBLE
from monitor.cli.check import environment
from monitor.cli.junit import write
from monitor.cli.start import rules_folder
from monitor.errors import UsageError
from monitor.policy.loader import load
from monitor.rules.case import Case
from monitor.rules.suite import Result, Suite


@click.command()
@click.argument("directory", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--run", "pattern", metavar="PATTERN", help="Only tests whose name has this in it; * is anything.")
@click.option("--junit", type=click.Path(path_type=Path), help="Writes the results to this file as JUnit XML too.")
@click.option("--json", "as_json", is_flag=True, help="Prints the results as JSON.")
def test(directory: Path | None, pattern: str | None, junit: Path | None, as_json: bool) -> int:
    """Plays the tests written beside the rules, in virtual time.

    DIR is by default the folder that FDI_MONITOR_RULES names, else ./rules. No account, receiver or secret is needed.
    Exit code 1 when a test fails, 2 when PATTERN chooses none.

    \b
    Examples:
      fdi-monitor test rules
      fdi-monitor test rules --run "two broken tasks" --junit results.xml
    """
    policy = load(rules_folder(directory), environment(), doors=False)
    languages = {receiver.name: receiver.language for receiver in policy.receivers}
    suite = Suite(policy.rules, policy.route, languages, policy.quieting)
    results = [suite.play(case) for case in _chosen(policy.cases, pattern)]
    if junit is not None:
        write(junit, results)
    if as_json:
        click.echo(json.dumps(_plain(results), indent=2, ensure_ascii=False))
    else:
        _show(results)
    return GOOD if all(result.passed for result in results) else TROUBLE


def _chosen(cases: Sequence[Case], pattern: str | None) -> Sequence[Case]:
    if pattern is None:
        return cases
    found = [case for case in cases if fnmatchcase(case.name.lower(), f"*{pattern.lower()}*")]
    if not found:
        raise UsageError(f"no test is called like {pattern!r}: there are {len(cases)}, `fdi-monitor test` lists them")
    return found


def _plain(results: Sequence[Result]) -> dict[str, object]:
    return {
        "passed": sum(result.passed for result in results),
        "failed": sum(not result.passed for result in results),
        "tests": [
            {
                "name": result.case.name,
                "file": result.case.file,
                "line": result.case.line,
                "ok": result.passed,
                "failures": list(result.failures),
            }
            for result in results
        ],
    }


def _show(results: Sequence[Result]) -> None:
    for result in results:
        click.echo(f"{'ok  ' if result.passed else 'FAIL'} {result.case.name}")
        if not result.passed:
            click.echo(f"  {result.case.file}:{result.case.line}")
            for failure in result.failures:
                click.echo("    " + failure.replace("\n", "\n    "))
    passed = sum(result.passed for result in results)
    click.echo(f"{passed} passed, {len(results) - passed} failed" if results else "there are no tests")
