"""Feishu message bodies as people see them: cards of schema 1.0 and 2.0, posts, plain texts. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from markupsafe import Markup

from monitor.simulator.card import COLOURS, Button, Card
from monitor.simulator.markup import plain, render

_TEMPLATES = {"carmine": "red", "turquoise": "green", "wathet": "blue", "indigo": "blue", "violet": "purple"}
_STYLES = {"primary": "primary", "primary_filled": "primary", "danger": "danger", "danger_filled": "danger"}
_NESTED = ("elements", "columns", "actions")


def card(body: Any) -> Card:
    """Any accepted body. What this page cannot show is named rather than left out."""
    match body["msg_type"]:
        case "interactive":
            return _interactive(body["card"])
        case "text":
            return Card("", "grey", plain(body["content"]["text"]))
        case "post":
            return _post(_dict(body["content"].get("post")))
        case other:
            return Card("", "grey", plain(f"[{other}]"))


def _interactive(raw: dict[str, Any]) -> Card:
    header = _dict(raw.get("header"))
    template = str(header.get("template", ""))
    elements = _dict(raw.get("body")).get("elements", raw.get("elements"))
    flat = list(_walk(elements))
    return Card(
        title=_text(header.get("title")),
        colour=template if template in COLOURS else _TEMPLATES.get(template, "grey"),
        body=Markup("").join(_element(element) for element in flat),
        buttons=tuple(button for element in flat if (button := _button(element)) is not None),
    )


def _walk(elements: Any) -> Iterator[dict[str, Any]]:
    """The leaves in reading order."""
    for element in _list(elements):
        if isinstance(element, dict) and _cells(element):
            yield element
            continue
        nested = [key for key in _NESTED if isinstance(_dict(element).get(key), list)]
        if nested and element.get("tag") != "note":
            for key in nested:
                yield from _walk(element[key])
        elif isinstance(element, dict):
            yield element


def _cells(element: dict[str, Any]) -> list[dict[str, Any]]:
    """The texts of columns that stand beside each other; none where something else does."""
    if element.get("tag") != "column_set" or element.get("flex_mode", "none") != "none":
        return []
    cells = [_dict(one) for column in _list(element.get("columns")) for one in _list(_dict(column).get("elements"))]
    return cells if all(one.get("tag") == "markdown" for one in cells) else []


def _element(element: dict[str, Any]) -> Markup:
    match element.get("tag"):
        case "column_set":
            return Card.columns(render(str(one.get("content", ""))) for one in _cells(element))
        case "markdown":
            small = element.get("text_size") == "notation"
            return _small(render(str(element.get("content", "")))) if small else render(str(element.get("content", "")))
        case "div":
            fields = [_dict(field).get("text") for field in _list(element.get("fields"))]
            return Markup("").join(_rich(text) for text in (element.get("text"), *fields) if text)
        case "hr":
            return Markup("<hr>")
        case "note":
            return _small(Markup("").join(_rich(part) for part in _list(element.get("elements"))))
        case "plain_text" | "lark_md":
            return _rich(element)
        case "button":
            return Markup("")
        case other:
            return _small(plain(f"[{other}]"))


def _small(html: Markup) -> Markup:
    return Markup('<div class="note">{}</div>').format(html)


def _rich(text: Any) -> Markup:
    raw = _dict(text)
    content = str(raw.get("content", ""))
    return plain(content) if raw.get("tag") == "plain_text" else render(content)


def _button(element: dict[str, Any]) -> Button | None:
    if element.get("tag") != "button":
        return None
    urls = [_dict(each).get("default_url") for each in _list(element.get("behaviors"))]
    url = next((str(each) for each in (element.get("url"), *urls) if each), "")
    safe = url if url.startswith(("http://", "https://")) else ""
    return Button(_text(element.get("text")), safe, _STYLES.get(str(element.get("type")), "default"))


def _post(languages: dict[str, Any]) -> Card:
    post = _dict(next(iter(languages.values()), {}))
    rows = ["".join(_run(_dict(run)) for run in _list(row)) for row in _list(post.get("content"))]
    title = str(post.get("title", ""))
    return Card("", "grey", render("\n".join(([f"**{title}**"] if title else []) + rows)))


def _run(run: dict[str, Any]) -> str:
    match run.get("tag"):
        case "a":
            return f"[{run.get('text', '')}]({run.get('href', '')})"
        case "at":
            return f"<at id={run.get('user_id', '')}></at>"
        case _:
            return str(run.get("text", ""))


def _text(raw: Any) -> str:
    return str(_dict(raw).get("content", ""))


def _dict(raw: Any) -> dict[str, Any]:
    return raw if isinstance(raw, dict) else {}


def _list(raw: Any) -> list[Any]:
    return raw if isinstance(raw, list) else []
