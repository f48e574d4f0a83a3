"""One policy file: its text read with care, its tree, and faults that quote it safely."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from pathlib import Path

from monitor.errors import Fault
from monitor.policy import masking
from monitor.policy.files import UnreadableFile, contents
from monitor.policy.nodes import Loc, Node, Place, Scalar, path_of
from monitor.policy.stumbles import Trouble
from monitor.policy.yamlmarks import compose

MAX_BYTES = 5 * 1024 * 1024
_SHOWN = 200
"""Characters of a source line that are quoted at most."""

# libyaml counts lines by these, so do we. `\r\n` is one break.
_OTHER_BREAKS = ("\r\n", "\r", "\x85", "\u2028", "\u2029")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
# Escapes of terminals, and marks that turn the direction of writing: they could make a message lie.
_UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


@dataclass(slots=True)
class PolicyFile:
    """A file of the policy. `root` is None for an empty or unreadable one; `whole` is False if it stops early."""

    name: str
    lines: list[str] = field(default_factory=list)
    root: Node | None = None
    whole: bool = True
    faults: list[Fault] = field(default_factory=list)
    data: bytes | None = None
    """What stands in it; None where it cannot be read."""
    _secrets: set[int] | None = None
    _mask: masking.Mask | None = None

    def is_secret(self, scalar: Scalar) -> bool:
        """Whether a text of this file stands where secrets stand."""
        if self._secrets is None:
            found = masking.secret_scalars(self.root) if self.root is not None else ()
            self._secrets = {id(secret) for secret in found}
        return id(scalar) in self._secrets

    def fault(self, place: Place, message: str, *, width: int = 1, loc: Loc = ()) -> Fault:
        """A fault at `place` that quotes its line, secrets starred out."""
        source = self._quote(place) if 0 < place.line <= len(self.lines) else ""
        return Fault(
            file=self.name,
            line=place.line,
            column=place.column,
            message=visible(message),
            path=visible(path_of(loc)),
            source=source,
            width=max(1, min(width, len(source) - place.column + 1)),
        )

    def _quote(self, place: Place) -> str:
        if self.whole:
            self._mask = self._mask or masking.mask_of(self.root)
            line = self._mask.apply(self.lines[place.line - 1], place.line)
        else:
            line = masking.mask_blindly(self.lines, place.line)
        if place.column > _SHOWN:
            return ""
        line = visible(line.rstrip())
        return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


def visible(text: str) -> str:
    """`text` with every control character replaced by one visible character, so that columns stay right."""
    return _UNSHOWABLE.sub(lambda found: _picture(found.group()), text)


def _picture(character: str) -> str:
    return chr(0x2400 + ord(character)) if character < " " else "\ufffd"


def read(path: Path) -> PolicyFile:
    """The file at `path` with its tree. What is wrong with it stands in `faults`; nothing is raised."""
    try:
        data = contents(path, limit=MAX_BYTES)
    except UnreadableFile as error:
        return _unreadable(PolicyFile(str(path)), str(error))
    return of_data(str(path), data)


def of_data(name: str, data: bytes) -> PolicyFile:
    """The file of this name as if `data` stood in it."""
    file = PolicyFile(name, data=data)
    text = _decoded(file, data)
    if text is not None:
        parse(file, text)
    return file


def parse(file: PolicyFile, text: str) -> None:
    """Fills `file` with the tree of `text`."""
    file.lines = _lines(text)
    bad = _FORBIDDEN.search(text)
    if bad is not None:
        before = _lines(text[: bad.start()])
        code = f"U+{ord(bad.group()):04X}"
        _stop(
            file, Place(len(before), len(before[-1]) + 1), f"the character {code} is not allowed: is this a text file?"
        )
        return
    composed = compose(text)
    file.root, file.whole = composed.root, composed.whole
    file.faults.extend(_fault_of(file, trouble) for trouble in composed.troubles)


def _lines(text: str) -> list[str]:
    """Replaced first and split once: a line of a megabyte is passed at the speed of memory."""
    for other in _OTHER_BREAKS:
        text = text.replace(other, "\n")
    return text.split("\n")


def _fault_of(file: PolicyFile, trouble: Trouble) -> Fault:
    return file.fault(trouble.place, trouble.message, width=trouble.width)


def _decoded(file: PolicyFile, data: bytes) -> str | None:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        _unreadable(file, "is written in UTF-16: save it as UTF-8")
        return None
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = _lines(data[: error.start].decode())
        file.lines = _lines(data.decode(errors="replace"))
        place = Place(len(before), len(before[-1]) + 1)
        _stop(file, place, "this is not UTF-8: save the file as UTF-8; is it a text file?")
        return None


def _stop(file: PolicyFile, place: Place, message: str) -> None:
    file.whole = False
    file.faults.append(file.fault(place, message))


def _unreadable(file: PolicyFile, message: str) -> PolicyFile:
    file.whole = False
    file.faults.append(file.fault(Place(0, 0), message))
    return file
