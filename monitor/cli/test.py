"""`fdi-monitor test`: plays the tests written beside the rules."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from monitor.cli import GOOD, TROUBLE
from monitor.cli.check import environment
from monitor.cli.start import rules_folder
from monitor.policy.loader import load
from monitor.rules.suite import Result, Suite


@click.command()
@click.argument("directory", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Prints the results as JSON.")
def test(directory: Path | None, as_json: bool) -> int:
    """Plays the tests written beside the rules, in virtual time.

    DIR is by default the folder that FDI_MONITOR_RULES names, else ./rules. No account, receiver or secret is needed.
    Exit code 1 when a test fails.

    \b
    Example:
      fdi-monitor test rules
    """
    policy = load(rules_folder(directory), environment(), doors=False)
    suite = Suite(
        policy.rules, policy.route, {receiver.name: receiver.language for receiver in policy.receivers}, policy.quieting
    )
    results = [suite.play(case) for case in policy.cases]
    if as_json:
        click.echo(json.dumps(_plain(results), indent=2, ensure_ascii=False))
    else:
        _show(results)
    return GOOD if all(result.passed for result in results) else TROUBLE


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
