"""Somebody who follows a page: a shell that is given all its `sh` blocks, in a folder of their own beside a cloud.

What leads nowhere here is replaced. `fdi-monitor run` goes on in the background once it runs, the first time once
something fires, and is stopped with SIGTERM at the end of the page. A file that the page shows is written, and its
rules have fired when the page goes on. Whatever does not end with 0 is found at the line of the page.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import fences
from fences import ROOT, Block

_PRELUDE = r"""
stopped() {
    if [ -n "${service:-}" ]; then
        kill -TERM "$service"; wait "$service" || { tail -n 25 service.log; return 1; }
        service=
    fi
}
logged() {
    for _ in $(seq 150); do
        if grep -q "$1" service.log; then return; fi
        kill -0 "$service" || break
        sleep 0.2
    done
    tail -n 25 service.log; return 1
}
fdi-monitor() {
    if [ "${1:-}" != run ]; then command fdi-monitor "$@"; return; fi
    stopped || return
    : > service.log
    [ -e data ] && wanted='"event": "running"' || wanted='"event": "alert firing"'
    command fdi-monitor "$@" >> service.log 2>&1 & service=$!
    logged "$wanted"
}
fired() { [ -z "${service:-}" ] || logged "\"rule\": \"$1\""; }
trap 'echo "$LINENO $?" >> failed' ERR
"""

_POSTLUDE = 'trap - ERR; stopped || echo "0 the service did not stop well" >> failed'


@dataclass(frozen=True)
class Failed:
    """A line of the page that ended otherwise than with 0."""

    line: int
    code: int
    command: str

    def __str__(self) -> str:
        return f"{self.line} ended with {self.code}: {self.command}"


class Reader:
    """Follows pages in `folder`; `instead` says what stands for what the pages write.

    `left_out` are the commands that cannot run here, as regular expressions of how their lines begin.
    """

    def __init__(self, folder: Path, instead: Mapping[str, str], left_out: tuple[str, ...]) -> None:
        self.folder = folder
        self._instead = instead
        self._left_out = re.compile("|".join(left_out))

    def follow(self, page: str, environment: Mapping[str, str], *, first: str = "") -> tuple[list[Failed], str]:
        """What failed on the page, and what was printed; `first` is what was done before."""
        script = self._script(page, first)
        (self.folder / "page.sh").write_text(script, encoding="utf-8")
        done = subprocess.run(
            [shutil.which("bash") or "bash", "page.sh"],
            cwd=self.folder,
            env={"HOME": str(self.folder), "LANG": "C.UTF-8", **environment},
            input="correct horse battery\n" * 9,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=150,
            check=False,
        )
        return list(self._failures(script)), done.stdout

    def _script(self, page: str, first: str) -> str:
        """The page with everything but its commands blanked, so that lines have their numbers."""
        whole = fences.text(page)
        lines = [""] * (whole.count("\n") + 1)
        for block in fences.blocks("sh", page=page):
            self._write(lines, block)
        for block in fences.blocks("yaml", page=page):
            if block.file:
                self._write(lines, block)
        (self.folder / "prelude.sh").write_text(_PRELUDE + first)
        lines[0] = ". ./prelude.sh"
        return "\n".join([*lines, _POSTLUDE, ""])

    def _write(self, lines: list[str], block: Block) -> None:
        inside = block.text.splitlines()
        for name, here in self._instead.items():
            inside = [line.replace(name, here) for line in inside]
        if block.file:
            lines[block.line - 1] = f"cat > {block.file} <<'END OF FILE'"
            lines[block.line + len(inside)] = "END OF FILE"
            rules = re.findall(r"^  - name: (\S+)", block.text, flags=re.MULTILINE)
            lines[block.line + len(inside) + 1] = "; ".join(f"fired {rule}" for rule in rules)
        else:
            inside = [":" if self._left_out.match(line) else line for line in inside]
        lines[block.line : block.line + len(inside)] = inside

    def _failures(self, script: str) -> list[Failed]:
        report = self.folder / "failed"
        if not report.exists():
            return []
        numbered = script.splitlines()
        found = [line.split(maxsplit=1) for line in report.read_text().splitlines()]
        return [
            Failed(int(number), int(code) if code.isdigit() else 1, numbered[int(number) - 1] if int(number) else code)
            for number, code in found
        ]


def settle(folder: Path, url: str) -> None:
    """The shipped policy in `folder`, at a cloud here, impatient; of its tests only one that has no patience either."""
    rules = shutil.copytree(ROOT / "rules", folder / "rules")
    _edit(rules / "accounts.yaml", r"(\n +region: .*)", rf"\1\n    endpoint: {url}\n    iam_endpoint: {url}")
    _edit(rules / "accounts.yaml", "poll_every: 30s", "poll_every: 1s")
    _edit(rules / "fdi.yaml", r"\n    for: \d+m", "")
    _edit(rules / "receivers.yaml", "group_wait: 10s", "group_wait: 0s")
    tests = (rules / "fdi.test.yaml").read_text(encoding="utf-8").split("\n\n")
    impatient = [piece for piece in tests if "two broken tasks are critical" in piece]
    (rules / "fdi.test.yaml").write_text("tests:\n" + "\n".join(impatient) + "\n", encoding="utf-8")


def _edit(file: Path, pattern: str, new: str) -> None:
    text, count = re.subn(pattern, new, file.read_text(encoding="utf-8"))
    if not count:
        raise AssertionError(f"{file.name} no longer has {pattern!r}")
    file.write_text(text, encoding="utf-8")
