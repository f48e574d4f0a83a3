"""Chat markdown to safe HTML: bold, italics, code, links, lists, rules, `<font color>`, mentions. Pure.

Everything is escaped first; only what is recognised afterwards becomes a tag, and links only to http and https.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

from markupsafe import Markup, escape

_COLOURS = {
    "red": "red", "carmine": "red", "warning": "orange", "orange": "orange", "yellow": "yellow", "green": "green",
    "info": "green", "blue": "blue", "wathet": "blue", "purple": "purple", "grey": "grey", "gray": "grey",
    "comment": "grey",
}  # fmt: skip

_ENTITY = re.compile(r"&amp;(#\d{1,6}|lt|gt|amp|quot);")
_BACKSLASH = re.compile(r"\\((?:&(?:lt|gt|amp|#34|#39);)|[!-/:-@\[-`{-~])")
_CODE = re.compile(r"`([^`\n]+)`")
_LINKS = (
    re.compile(r"\[(?P<text>[^\]\n]+)\]\((?P<url>https?://[^\s()]+)\)"),
    re.compile(r"&lt;a href=(?:&#34;|&#39;)(?P<url>https?://[^\s<>]+?)(?:&#34;|&#39;)&gt;(?P<text>.*?)&lt;/a&gt;"),
)
_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"&lt;font color=(?:&#34;|&#39;)?([\w-]+)(?:&#34;|&#39;)?&gt;(.*?)&lt;/font&gt;", re.DOTALL),
     lambda found: f'<span class="ink-{_COLOURS.get(found[1], "grey")}">{found[2]}</span>'),
    (re.compile(r"&lt;text_tag color=(?:&#34;|&#39;)?([\w-]+)(?:&#34;|&#39;)?&gt;(.*?)&lt;/text_tag&gt;"),
     lambda found: f'<span class="tag tag-{_COLOURS.get(found[1], "grey")}">{found[2]}</span>'),
    (re.compile(r"&lt;at (?:id|user_id|email)=(?:&#34;|&#39;)?([^\s&]+)(?:&#34;|&#39;)?&gt;(.*?)&lt;/at&gt;"),
     lambda found: f'<span class="mention">@{found[2] or ("所有人" if found[1] == "all" else found[1])}</span>'),
    (re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*", re.DOTALL), lambda found: f"<strong>{found[1]}</strong>"),
    (re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]+?)(?<=\S)\*(?![\w*])"), lambda found: f"<em>{found[1]}</em>"),
    (re.compile(r"~~(?=\S)(.+?)(?<=\S)~~"), lambda found: f"<s>{found[1]}</s>"),
)  # fmt: skip


def render(text: str, *, backslash: bool = False) -> Markup:
    """`text` in the chats' dialect of markdown as HTML. With `backslash` a backslash takes a letter's meaning away."""
    blocks = re.split(r"\n{2,}", text.strip("\n"))
    return Markup("").join(_block(block, backslash=backslash) for block in blocks if block.strip())


def plain(text: str) -> Markup:
    """`text` as it stands, with its line breaks."""
    return Markup("<p>{}</p>").format(Markup("<br>").join(text.splitlines()))


def _block(block: str, *, backslash: bool) -> Markup:
    html = Markup("")
    items: list[Markup] = []
    lines: list[Markup] = []

    def flush() -> None:
        nonlocal html
        if lines:
            html += Markup("<p>{}</p>").format(Markup("<br>").join(lines))
            lines.clear()
        if items:
            html += Markup("<ul>{}</ul>").format(Markup("").join(items))
            items.clear()

    for line in _inline(block, backslash=backslash).split("\n"):
        if line.strip() in ("---", "***", "<hr>", "&lt;hr&gt;"):
            flush()
            html += Markup("<hr>")
        elif found := re.match(r"\s*[-*] +(.*)", line):
            if lines:
                flush()
            items.append(Markup("<li>{}</li>").format(Markup(found[1])))  # noqa: S704 -- escaped by _inline
        else:
            if items:
                flush()
            heading = re.match(r"#{1,6} +(.*)", line)
            lines.append(Markup(f"<strong>{heading[1]}</strong>" if heading else line))  # noqa: S704 -- likewise
    flush()
    return html


def _inline(text: str, *, backslash: bool) -> str:
    """Escaped text with the recognised marks turned into tags.

    Code and the tags of links are put aside meanwhile, so that no rule reaches into them.
    """
    kept: list[str] = []

    def aside(html: str) -> str:
        kept.append(html)
        return f"\x00{len(kept) - 1}\x00"

    def link(found: re.Match[str]) -> str:
        opening = f'<a href="{found["url"]}" target="_blank" rel="noopener noreferrer">'
        return f"{aside(opening)}{found['text']}</a>"

    safe = str(escape(text.replace("\x00", "")))
    safe = _ENTITY.sub(lambda found: aside(str(escape(unescape(f"&{found[1]};")))), safe)
    if backslash:
        safe = _BACKSLASH.sub(lambda found: aside(found[1]), safe)
    safe = _CODE.sub(lambda found: aside(f"<code>{found[1]}</code>"), safe)
    for pattern in _LINKS:
        safe = pattern.sub(link, safe)
    for pattern, tag in _RULES:
        safe = pattern.sub(tag, safe)
    while "\x00" in safe:
        safe = re.sub(r"\x00(\d+)\x00", lambda found: kept[int(found[1])], safe)
    return safe
