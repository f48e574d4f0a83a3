"""A fault inside a short text that an operator wrote: what is wrong, and where in the text. Pure."""

from __future__ import annotations


class TextFault(Exception):
    """Something wrong in a text. `column` counts characters from 1; `width` is how many a caret underlines.

    The message says what is wrong and what to write; whoever knows the file adds the text's place in it.
    """

    def __init__(self, message: str, column: int = 1, width: int = 1) -> None:
        self.message = message
        self.column = column
        self.width = max(1, width)
        super().__init__(message)


def quoted(text: str, *, limit: int = 40) -> str:
    """`text` as an error shows it: in quotes, on one line, control characters escaped, at most `limit` long."""
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")
