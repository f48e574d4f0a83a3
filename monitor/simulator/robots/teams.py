"""Teams workflows: an adaptive card in at most 28 KB, four a second, answered with 202 and no body.

Source: Microsoft's pages on Workflows webhooks and on adaptive cards in Teams.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from markupsafe import Markup, escape

from monitor.simulator.card import Button, Card
from monitor.simulator.markup import render
from monitor.simulator.quota import Limit, Quota
from monitor.simulator.robots import Answer, Arrival
from monitor.simulator.robots.coded import Unsigned, texts

LARGEST = 28 * 1024
_STYLES = {"attention": "red", "warning": "orange", "accent": "blue", "good": "green"}
_TYPE = "application/vnd.microsoft.card.adaptive"


class TeamsWorkflows(Unsigned):
    """All workflows; what the address ends in tells them apart."""

    kind = "teams"
    routes: tuple[str, ...] = ("/teams/{address}", "/workflows/{address}/triggers/manual/paths/invoke")

    def __init__(self) -> None:
        self._quotas: dict[str, Quota] = defaultdict(lambda: Quota(Limit(4, 1)))

    def refusal(self, code: str) -> Answer:
        if code not in ("400", "401", "404", "413", "429", "502"):
            raise ValueError(f"a workflow does not answer {code!r}; it answers 400, 401, 404, 413, 429 or 502")
        return Answer(int(code), {"error": {"code": code, "message": "refused"}}, code)

    def judge(self, arrival: Arrival) -> Answer:
        """Size, shape, limit."""
        if len(arrival.raw) > LARGEST:
            return self.refusal("413")
        content = _content(arrival.json())
        if texts(content, "type") != "AdaptiveCard" or not isinstance(content.get("body"), list):
            return self.refusal("400")
        if self._quotas[arrival.address].take(arrival.at.timestamp()):
            return self.refusal("429")
        return Answer(202, "")

    def card(self, body: Any) -> Card:
        content = _content(body)
        elements = [each for each in content["body"] if isinstance(each, dict)]
        style = next((texts(each, "style") for each in elements if each.get("type") == "Container"), "")
        titles = [each for each in elements if each.get("type") == "Container"]
        title = Markup(" ").join(_element(inner) for each in titles for inner in each.get("items", []))
        rest = Markup("").join(_element(each) for each in elements if each.get("type") != "Container")
        actions = [each for each in content.get("actions") or [] if isinstance(each, dict)]
        buttons = tuple(Button(texts(each, "title"), texts(each, "url")) for each in actions)
        return Card(str(title.striptags().strip()), _STYLES.get(style, "grey"), rest, buttons)


def _content(body: Any) -> dict[str, Any]:
    attachments = body.get("attachments") if isinstance(body, dict) else None
    first = attachments[0] if isinstance(attachments, list) and attachments else None
    if not isinstance(first, dict) or first.get("contentType") != _TYPE or not isinstance(first.get("content"), dict):
        return {}
    content: dict[str, Any] = first["content"]
    return content


def _element(element: dict[str, Any]) -> Markup:
    match element.get("type"):
        case "RichTextBlock":
            return Markup("<p>{}</p>").format(Markup("").join(_run(run) for run in element.get("inlines", [])))
        case "TextBlock":
            mentioned = texts(element, "text").replace("<at>", "<at id=x>")
            return render(mentioned)
        case "ColumnSet":
            columns = [each for each in element.get("columns", []) if isinstance(each, dict)]
            return Card.columns(
                Markup("").join(_element(inner) for inner in column.get("items", [])) for column in columns
            )
        case "FactSet":
            facts = (f"{fact.get('title')}: {fact.get('value')}" for fact in element.get("facts", []))
            return Markup("<p>{}</p>").format(Markup("<br>").join(facts))
        case _:
            return Markup("")


def _run(run: dict[str, Any]) -> Markup:
    text = escape(texts(run, "text"))
    url = texts(run, "selectAction", "url")
    if url.startswith(("http://", "https://")):
        return Markup('<a href="{}" rel="noopener noreferrer">{}</a>').format(url, text)
    ink = _STYLES.get(texts(run, "color").lower())
    if run.get("isSubtle"):
        return Markup('<span class="note">{}</span>').format(text)
    shown = Markup('<span class="ink-{}">{}</span>').format(ink, text) if ink else text
    return Markup("<strong>{}</strong>").format(shown) if run.get("weight") == "Bolder" else shown
