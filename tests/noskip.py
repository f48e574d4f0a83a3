"""A pytest plugin for machines that have everything: what would be skipped counts as a failure.

PYTHONPATH=. PYTEST_ADDOPTS="-p tests.noskip" make test
"""

from __future__ import annotations

import pytest


def _skipped(config: pytest.Config) -> int:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return len(reporter.stats.get("skipped", ())) if reporter else 0


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails the run if anything was skipped, at collection or later, in this process or in a worker."""
    if _skipped(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Says why."""
    if count := _skipped(config):
        terminalreporter.write_line(f"{count} skipped, and here nothing may be: install what they need", red=True)
