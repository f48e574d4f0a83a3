"""A chat message as people see it: coloured header, body, buttons. Also its words alone. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "grey")


@dataclass(frozen=True, slots=True)
class Button:
    """A link that looks like a button; `style` is primary, danger or default."""

    text: str
    url: str
    style: str = "default"


@dataclass(frozen=True, slots=True)
class Card:
    """`colour` is one of COLOURS; `body` is HTML made by `markup`; an empty title means a plain speech bubble."""

    title: str
    colour: str
    body: Markup
    buttons: tuple[Button, ...] = ()

    @staticmethod
    def columns(cells: Iterable[Markup]) -> Markup:
        """Cells in two columns, row by row."""
        return Markup('<div class="fields">{}</div>').format(
            Markup("").join(Markup("<div>{}</div>").format(cell) for cell in cells)
        )

    @property
    def summary(self) -> str:
        """The words of the card on one line."""
        words = self.body.replace(Markup("<br>"), Markup(" ")).replace(Markup("</div>"), Markup("</div> ")).striptags()
        return " - ".join(part for part in (self.title, " ".join(words.split())) if part)
