"""Which parts of a file's text are secrets, and must not be shown when a line of it is quoted. Pure.

Masked are: whatever stands under a key that sounds like a secret (or nearly, for typing errors), everything under
`auth` and `receivers` but for a few harmless keys, passwords inside addresses, and comments. Texts that are only
references (`${NAME}`) stay readable. Masks keep the length, so that the caret still points at its place.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from monitor.policy.nodes import ListNode, MapNode, Node, Place, Scalar

_SECRETISH = re.compile(
    r"secret|passw|passphrase|token|credential|access.?key|api.?key|routing.?key|private|webhook|authorization|cookie"
    r"|headers|urls?$|^key$|^sk$|^ak$",
    re.IGNORECASE,
)
_SECRET_NAMES = ("access_key", "secret_key", "security_token", "password", "token", "secret", "webhook", "routing_key")
_HARMLESS = {
    "domain", "user", "name", "to", "from", "cc", "subject", "language", "timeout", "send_resolved", "base_url",
    "channel", "chat_id", "at", "success_when", "retry_after", "account", "topic", "every", "card", "keyword", "silent",
    "thread_id", "robot_code", "conversation", "fallback",
}  # fmt: skip
_WRITTEN_REFERENCE = re.compile(r"\$\{[^}:]*(:-)?\}|\$\{file:[^}]*\}")
_USERINFO = re.compile(r"(?<=://)[^/\s@'\"]+(?=@)")
_COMMENT = re.compile(r"(^|\s)#.*")
_LONG = 2000
"""Characters: a key, or a line of unknown structure, that is longer is taken for a secret without a closer look."""

_KEY = re.compile(r"[\"']?([A-Za-z_][\w.-]*)[\"']?\s*[:=]")


@lru_cache(maxsize=4096)
def secretish(key: str) -> bool:
    """Whether what stands under `key` must not be shown."""
    if len(key) > _LONG or _SECRETISH.search(key):
        return True
    return bool(difflib.get_close_matches(key[:100].lower(), _SECRET_NAMES, n=1, cutoff=0.75))


def secret_scalars(root: Node, *, sure: bool = False) -> Iterator[Scalar]:
    """Every scalar of a file that holds, or seems to hold, a secret; those that surely do where `sure` is set."""
    if not isinstance(root, MapNode):
        return
    for name, entry in root.entries.items():
        yield from _below(entry.node, secretish(name) or (name == "receivers" and not sure))


def _below(node: Node, masked: bool) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        if masked:
            yield node
    elif isinstance(node, ListNode):
        for item in node.items:
            yield from _below(item, masked)
    else:
        for name, entry in node.entries.items():
            inner = name not in _HARMLESS and (masked or name == "auth" or secretish(name))
            yield from _below(entry.node, inner)


def only_references(text: str) -> bool:
    """Whether a text names where its value comes from and holds nothing else."""
    return bool(text) and not _WRITTEN_REFERENCE.sub("", text)


@dataclass(frozen=True, slots=True)
class Mask:
    """What of a readable file is not shown: its secrets, and its comments, where old ones are kept."""

    secrets: tuple[tuple[Place, Place], ...]
    ends: Mapping[int, int]
    """By line, the column after its last text: comments come later. Lines inside a long text are not here."""

    def apply(self, line: str, number: int) -> str:
        """Line `number` as it may be shown."""
        for start, end in self.secrets:
            if start.line <= number <= end.line:
                left = start.column - 1 if number == start.line else 0
                right = min(end.column - 1, len(line)) if number == end.line else len(line)
                line = line[:left] + "*" * (right - left) + line[right:]
        if number in self.ends:
            end_of_text = self.ends[number] - 1
            line = line[:end_of_text] + _COMMENT.sub("", line[end_of_text:])
        return _without_userinfo(line)


def mask_of(root: Node | None) -> Mask:
    """The mask of the file whose tree is `root`."""
    if root is None:
        return Mask((), {})
    secrets = [(found.start, found.end) for found in secret_scalars(root) if not only_references(found.text)]
    ends: dict[int, int] = {}
    for scalar in _all_texts(root):
        block = scalar.style in ("|", ">")
        line, column = (scalar.start.line, scalar.start.column + 1) if block else scalar.end
        ends[line] = max(ends.get(line, 0), column)
    return Mask(tuple(secrets), ends)


def _all_texts(node: Node) -> Iterator[Scalar]:
    """Keys and values."""
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, ListNode):
        for item in node.items:
            yield from _all_texts(item)
    else:
        for entry in node.entries.values():
            yield entry.key
            yield from _all_texts(entry.node)


def _without_userinfo(line: str) -> str:
    return _USERINFO.sub(lambda found: "*" * len(found.group()), line)


def mask_blindly(lines: list[str], number: int) -> str:
    """Line `number` of a file whose structure is not known: from the first key that sounds secret on, all is starred.

    A line without a key belongs to the last key above it.
    """
    if len(lines[number - 1]) > _LONG:
        return "*" * len(lines[number - 1])
    line = _COMMENT.sub("", lines[number - 1])
    found = list(_KEY.finditer(line))
    for key in found:
        if secretish(key.group(1)):
            return line[: key.end()] + "*" * (len(line) - key.end())
    if not found:
        for above in reversed(lines[: number - 1]):
            if len(above) > _LONG:
                return "*" * len(line)
            keys = list(_KEY.finditer(above))
            if keys:
                return "*" * len(line) if any(secretish(key.group(1)) for key in keys) else line
    return _without_userinfo(line)
