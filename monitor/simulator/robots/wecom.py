"""WeCom robots: no signature, 20 messages a minute, markdown in 4,096 bytes; HTTP 200 for every refusal.

Source: WeCom's guide to group robots. Independent of the notifier of this project on purpose: it judges it.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from monitor.simulator.card import Card
from monitor.simulator.markup import render
from monitor.simulator.quota import Limit
from monitor.simulator.robots import Arrival
from monitor.simulator.robots.coded import CodedRobot, Unsigned, texts

_LIMITS = {"markdown": 4096, "markdown_v2": 4096, "text": 2048}
_INKS = {"warning": "orange", "info": "green", "comment": "grey"}
_TITLE = re.compile(r'<font color="(\w+)">\*\*(.*?)\*\*</font>$')


class WecomRobot(Unsigned, CodedRobot):
    """All robots of this cloud; the key is the address."""

    kind = "wecom"
    routes: tuple[str, ...] = ("/wecom/{address}", "/cgi-bin/webhook/send")
    messages: ClassVar = {
        "40058": "markdown.content exceed max length 4096. invalid Request Parameter",
        "45009": "api freq out of limit",
        "93000": "invalid webhook url",
        "40008": "invalid message type",
        "93004": "robot is disabled",
        "-1": "system busy",
    }
    limits = (Limit(20, 60),)
    largest = 512 * 1024
    bad, too_long, unsigned, too_fast = "40058", "40058", "93000", "45009"
    success: ClassVar = {"errcode": 0, "errmsg": "ok"}

    def well_formed(self, body: Any) -> bool:
        """Whether it is text or markdown within its bytes."""
        kind = texts(body, "msgtype")
        content = texts(body, kind, "content")
        return kind in _LIMITS and 0 < len(content.encode(errors="replace")) <= _LIMITS[kind]

    def signed(self, arrival: Arrival, body: Any, secret: str) -> bool:  # noqa: ARG002 - the shape of every robot
        """The key in the address is all there is."""
        return True

    def card(self, body: Any) -> Card:
        content = _small(texts(body, texts(body, "msgtype"), "content"))
        first, _, rest = content.partition("\n")
        title = _TITLE.match(first)
        mentioned = re.sub(r"<@([\w.@-]+)>", r"<at id=\1>\1</at>", rest if title else content)
        if title is None:
            return Card("", "grey", render(mentioned))
        return Card(str(render(title[2]).striptags()), _INKS.get(title[1], "grey"), render(mentioned))


def _small(content: str) -> str:
    """The few marks of WeCom's markdown: what else would mark up elsewhere is plain here."""
    return re.sub(r"(?<!\*)\*(?!\*)", "&#42;", content).replace("~", "&#126;")
