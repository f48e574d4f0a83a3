"""A message as an e-mail: headers, a text part and an HTML part. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from html import escape

from monitor.message import Colour, Entry, Message, plain
from monitor.notifiers.plot import WIDTH, plot
from monitor.telling import Plot
from monitor.wording import Wording, wording
from monitor.writing import clean

_POLICY = SMTP.clone(cte_type="7bit")
_PAINT = {Colour.RED: "#c62828", Colour.ORANGE: "#bf4600", Colour.BLUE: "#1565c0", Colour.GREEN: "#2e7d32"}
_DOMAIN_LIMIT = 40
"""Characters: an id has to fit on one header line, or it is broken up and no longer one."""


def letter(message: Message, *, subject: str, sender: str, to: tuple[str, ...], cc: tuple[str, ...]) -> EmailMessage:
    """The e-mail. Its Message-ID follows from the notification's id, and all of one group form one thread.

    A plot is a picture that the HTML shows inline: it is no attachment, and nothing is fetched from anywhere.
    """
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
    mail.make_alternative()
    mail.attach(_page(message, _identity(f"plot\n{said.id}", domain)))
    mail.set_boundary(f"=_{_digest(f'parts {said.id}')}")
    return mail


def _address(text: str) -> Address:
    name, address = parseaddr(text)
    return Address(display_name=name, addr_spec=address)


def _identity(text: str, domain: str) -> str:
    return f"<{_digest(text)}@{domain}>"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _page(message: Message, picture: str) -> EmailMessage:
    """The HTML, and what it shows beside it. `picture` is the Content-ID of that."""
    page = EmailMessage(policy=_POLICY)
    page.set_content(_html(message, picture.strip("<>")), subtype="html")
    if message.plot:
        drawn = plot(message.plot.curve)
        page.add_related(drawn, "image", "png", cid=picture, disposition="inline", filename="plot.png")
        page.set_boundary(f"=_{_digest(f'page {message.notification.id}')}")
    return page


def _html(message: Message, picture: str) -> str:
    words = wording(message.language)
    paint = _PAINT[message.colour]
    lines = [
        f'<div style="font-family:sans-serif;max-width:44em" lang="{message.language}">',
        f'<h2 style="background:{paint};color:#fff;font-size:18px;padding:12px;margin:0">{escape(message.title)}</h2>',
        f"<p><strong>{escape(message.delta)}</strong></p>" if message.delta else "",
        *(_entry(message, entry, words) for entry in message.entries),
        f"<p>{escape(message.more())}</p>" if message.more() else "",
        _plot(message.plot, picture, words) if message.plot else "",
        f"<p>{buttons}</p>" if (buttons := " ".join(_buttons(message, words))) else "",
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


def _plot(shown: Plot, picture: str, words: Wording) -> str:
    """The picture under its title, with its scale to the left and its moments below: a table, as all clients lay it
    out alike."""
    quiet = "color:#767676;font-size:12px;line-height:1"
    alt = words.between.join((shown.title, f"{shown.since} – {shown.until}"))
    image = (
        f'<img src="cid:{picture}" alt="{escape(alt)}" width="{WIDTH}"'
        ' style="display:block;width:100%;height:auto;border:0">'
    )
    return (
        f'<table role="presentation" cellpadding="0" cellspacing="0" style="width:100%;max-width:{WIDTH + 60}px">'
        f'<tr><td></td><td colspan="2" style="padding:0 0 6px;font-size:14px">{escape(shown.title)}</td></tr>'
        f'<tr><td align="right" valign="top" style="{quiet};padding-right:6px">{max(*shown.curve.known, 1)}</td>'
        f'<td colspan="2" rowspan="2">{image}</td></tr>'
        f'<tr><td align="right" valign="bottom" style="{quiet};padding-right:6px">0</td></tr>'
        f'<tr style="{quiet}"><td></td><td style="padding-top:4px">{shown.since}</td>'
        f'<td align="right" style="padding-top:4px">{shown.until}</td></tr></table>'
    )


def _buttons(message: Message, words: Wording) -> Iterator[str]:
    style = "display:inline-block;padding:8px 14px;margin:0 4px 8px 0;border:1px solid #999;border-radius:4px"
    for text, address in (*((one.text, one.url) for one in message.actions), (words.details, message.link)):
        if address:
            yield _link(words, text, address).replace("<a ", f'<a style="{style}" ', 1)


def _link(words: Wording, text: str, address: str) -> str:
    if not address.startswith(("https://", "http://")):
        return escape(words.named.format(name=text, value=address))
    return f'<a href="{escape(address)}">{escape(text)}</a>'
