"""A message as an e-mail: headers, a text part and an HTML part. Pure."""

from __future__ import annotations

import hashlib
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from html import escape

from monitor.message import Colour, Entry, Message, plain
from monitor.wording import Wording, wording
from monitor.writing import clean

_POLICY = SMTP.clone(cte_type="7bit")
_PAINT = {Colour.RED: "#c62828", Colour.ORANGE: "#e65100", Colour.BLUE: "#1565c0", Colour.GREEN: "#2e7d32"}
_DOMAIN_LIMIT = 40
"""Characters: an id has to fit on one header line, or it is broken up and no longer one."""


def letter(message: Message, *, subject: str, sender: str, to: tuple[str, ...], cc: tuple[str, ...]) -> EmailMessage:
    """The e-mail. Its Message-ID follows from the notification's id, and all of one group form one thread."""
    said = message.notification
    domain = parseaddr(sender)[1].rpartition("@")[2]
    domain = domain if 0 < len(domain) <= _DOMAIN_LIMIT else "fdi-monitor.invalid"
    thread = _identity(f"{said.receiver}\n{said.group_key}", domain)
    mail = EmailMessage(policy=_POLICY)
    mail["Subject"] = clean(subject, 250)
    mail["From"] = _address(sender)
    mail["To"] = [_address(one) for one in to]
    if cc:
        mail["Cc"] = [_address(one) for one in cc]
    mail["Date"] = format_datetime(said.at)
    mail["Message-ID"] = _identity(f"message\n{said.id}", domain)
    mail["In-Reply-To"] = thread
    mail["References"] = thread
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(plain(message) + "\n")
    mail.add_alternative(_html(message), subtype="html")
    mail.set_boundary(f"=_{_digest(f'parts {said.id}')}")
    return mail


def _address(text: str) -> Address:
    name, address = parseaddr(text)
    return Address(display_name=name, addr_spec=address)


def _identity(text: str, domain: str) -> str:
    return f"<{_digest(text)}@{domain}>"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _html(message: Message) -> str:
    words = wording(message.language)
    paint = _PAINT[message.colour]
    lines = [
        f'<div style="font-family:sans-serif;max-width:44em" lang="{message.language}">',
        f'<h2 style="background:{paint};color:#fff;padding:.5em;margin:0">{escape(message.title)}</h2>',
        f"<p><strong>{escape(message.delta)}</strong></p>" if message.delta else "",
        *(_entry(message, entry, words) for entry in message.entries),
        f"<p>{escape(message.more())}</p>" if message.more() else "",
        f"<p>{' · '.join(_link(words, one.text, one.url) for one in message.actions)}</p>" if message.actions else "",
        f"<p>{_link(words, words.details, message.link)}</p>" if message.link else "",
        f'<p style="color:#666;font-size:small">{escape(message.footer)}</p>',
        "</div>",
    ]
    return "\n".join(line for line in lines if line) + "\n"


def _entry(message: Message, entry: Entry, words: Wording) -> str:
    alone = len(message.notification.alerts) == 1
    paint = _PAINT[entry.colour]
    mark = "" if alone or not entry.mark else f'<span style="color:{paint}">{escape(entry.mark)}</span> '
    lines = [f"{mark}<strong>{escape(entry.headline)}</strong>", *map(escape, entry.details)]
    lines += [_link(words, words.runbook, entry.runbook)] if entry.runbook else []
    return f"<p>{'<br>'.join(lines)}</p>"


def _link(words: Wording, text: str, address: str) -> str:
    if not address.startswith(("https://", "http://")):
        return escape(words.named.format(name=text, value=address))
    return f'<a href="{escape(address)}">{escape(text)}</a>'
