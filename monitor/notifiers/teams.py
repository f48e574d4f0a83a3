"""Microsoft Teams: an adaptive card to a workflow ("When a Teams webhook request is received")."""

from __future__ import annotations

from typing import Any, ClassVar

from monitor.message import Colour, Entry, Message
from monitor.notifiers import Options, OptionsType
from monitor.notifiers.dialect import Cut, calls, encoded, fitting, is_address
from monitor.notifiers.fields import Mentions, Url
from monitor.notifiers.robot import Robot
from monitor.wording import wording

LIMIT = 20_000
"""Bytes of the body: 28 KB are documented, and refusals are seen from 21 KB on."""
_STYLES = {Colour.RED: "attention", Colour.ORANGE: "warning", Colour.BLUE: "accent", Colour.GREEN: "good"}
_TYPE = "application/vnd.microsoft.card.adaptive"
_SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"


class TeamsOptions(Options):
    """`teams:` in the policy. `at` are the names by which people log in."""

    webhook: Url
    at: Mentions = ()


class Teams(Robot):
    """Posts a card. The workflow answers 202: it has accepted, and shows the card when it runs."""

    Options: ClassVar[OptionsType] = TeamsOptions

    def payload(self, message: Message) -> dict[str, Any]:
        """The card. Its texts are runs of rich text, which Teams shows letter by letter."""
        called = self._options.at if calls(message) else ()

        def build(cut: Cut) -> dict[str, Any]:
            content = {"$schema": _SCHEMA, "type": "AdaptiveCard", "version": "1.2", **_content(message, cut, called)}
            attachment = {"contentType": _TYPE, "contentUrl": None, "content": content}
            return {"type": "message", "attachments": [attachment]}

        return fitting(message, build, lambda body: len(encoded(body)) <= LIMIT)


def _content(message: Message, cut: Cut, called: tuple[str, ...]) -> dict[str, Any]:
    style = _STYLES[message.colour]
    title = _text([_run(cut.text(message.title), weight="Bolder", size="Medium", color=style.capitalize())])
    body: list[dict[str, Any]] = [{"type": "Container", "style": style, "bleed": True, "items": [title]}]
    if message.delta:
        body.append(_text([_run(cut.text(message.delta), weight="Bolder")]))
    for entry in message.entries[: cut.told]:
        body += _entry(message, entry, cut)
    if more := message.more(len(message.entries) - cut.told):
        body.append(_text([_run(more)]))
    if called:
        body.append({"type": "TextBlock", "wrap": True, "text": " ".join(f"<at>{one}</at>" for one in called)})
    body.append(_text([_run(message.footer, size="Small", isSubtle=True)]))
    actions = [{"type": "Action.OpenUrl", "title": button.text, "url": button.url} for button in message.buttons]
    mentions = [{"type": "mention", "text": f"<at>{one}</at>", "mentioned": {"id": one, "name": one}} for one in called]
    return {"body": body, "actions": actions, "msteams": {"width": "full", "entities": mentions}}


def _entry(message: Message, entry: Entry, cut: Cut) -> list[dict[str, Any]]:
    words = wording(message.language)
    alone = len(message.notification.alerts) == 1
    color = _STYLES[entry.colour].capitalize()
    mark = [] if alone or not entry.mark else [_run(f"{entry.mark} ", weight="Bolder", color=color)]
    blocks = [_text([*mark, _run(cut.text(entry.headline), weight="Bolder")], spacing="Medium")]
    details = entry.prose if entry.fields else entry.details
    blocks += [_text([_run(cut.text(detail))], spacing="None") for detail in details]
    blocks += [_pair(cut.text(name), cut.text(value)) for name, value in entry.fields]
    if entry.runbook and entry.runbook not in {button.url for button in message.buttons}:
        if is_address(entry.runbook) and len(entry.runbook) <= cut.width:
            opens = {"type": "Action.OpenUrl", "url": entry.runbook}
            blocks.append(_text([_run(words.runbook, color="Accent", selectAction=opens)], spacing="None"))
        else:
            named = words.named.format(name=words.runbook, value=entry.runbook)
            blocks.append(_text([_run(cut.text(named))], spacing="None"))
    return blocks


def _pair(name: str, value: str) -> dict[str, Any]:
    """A fact. A FactSet reads its values as markdown, and some of them are other people's words; runs are literal."""
    cells = (("auto", _run(name, isSubtle=True)), ("stretch", _run(value)))
    columns = [{"type": "Column", "width": width, "items": [_text([run])]} for width, run in cells]
    return {"type": "ColumnSet", "spacing": "Small", "columns": columns}


def _text(runs: list[dict[str, Any]], *, spacing: str = "Default") -> dict[str, Any]:
    return {"type": "RichTextBlock", "spacing": spacing, "inlines": runs}


def _run(text: str, **style: Any) -> dict[str, Any]:
    return {"type": "TextRun", "text": text, **style}
