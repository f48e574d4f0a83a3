"""The results of the rules' tests as JUnit XML, which CI systems read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from monitor.errors import UsageError
from monitor.rules.suite import Result

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(path: Path, results: Sequence[Result]) -> None:
    """Raises UsageError where the file cannot be written."""
    failed = sum(not result.passed for result in results)
    root = Element("testsuites", tests=str(len(results)), failures=str(failed))
    suite = SubElement(root, "testsuite", name="fdi-monitor test", tests=str(len(results)), failures=str(failed))
    for result in results:
        case = result.case
        entry = SubElement(suite, "testcase", name=_legal(case.name), classname=_legal(case.file), file=case.file)
        entry.set("line", str(case.line))
        if not result.passed:
            first = result.failures[0].splitlines()[0]
            SubElement(entry, "failure", message=_legal(first)).text = _legal("\n\n".join(result.failures))
    indent(root)
    try:
        ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


def _legal(text: str) -> str:
    """XML cannot hold every character."""
    return _FORBIDDEN.sub("�", text)
