"""E-mail against a real SMTP server."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import escape
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from notifier_samples import CANARY, ORDERS, message, tools
from pydantic import SecretStr, ValidationError

from monitor.curve import Curve, Step
from monitor.message import Message, plain
from monitor.notification import Reason
from monitor.notifiers import Outcome, SmtpServer, Verdict
from monitor.notifiers.email import Email, EmailOptions
from monitor.notifiers.plot import plot

MESSAGE = message()
LOCALHOST = Path(__file__).parent / "localhost.pem"
"""A certificate and key for `localhost`, signed by itself, of use to nobody else."""


class Mailbox:
    """Keeps what arrives; `answers` maps a command, or an address, to what is answered instead."""

    def __init__(self, answers: dict[str, str] | None = None) -> None:
        self.answers = answers or {}
        self.received: list[Envelope] = []

    async def handle_MAIL(  # noqa: N802 - the name is the server's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.received.append(envelope)
        return self.answers.get("DATA", "250 OK")

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        return self.answers.get("QUIT", "221 Bye")

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(envelope.original_content or b"", policy=default) for envelope in self.received]


@asynccontextmanager
async def serving(mailbox: Mailbox, *, tls: ssl.SSLContext | None = None, **how: Any) -> AsyncIterator[SmtpServer]:
    """A real server; with `tls` it speaks TLS from the first byte."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(mailbox, loop=loop, **how), "127.0.0.1", 0, ssl=tls)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield SmtpServer(host="127.0.0.1", port=port, sender="FDI Monitor <monitor@example.com>")


def options(**given: Any) -> EmailOptions:
    return EmailOptions.model_validate({"to": ["ops@example.com"], "timeout": "5s", **given})


async def sent(server: SmtpServer, said: Message = MESSAGE, **given: Any) -> Verdict:
    return await Email(options(**given), tools(smtp=server)).send(said)


async def test_an_email_arrives_with_text_and_html() -> None:
    mailbox = Mailbox()
    async with serving(mailbox) as server:
        verdict = await sent(server, cc=["Boss <boss@example.com>"], to=["a@example.com", "b@example.com"])
    assert verdict == Verdict(Outcome.DELIVERED)
    (envelope,), (mail,) = mailbox.received, mailbox.mails
    assert envelope.mail_from == "monitor@example.com"
    assert sorted(envelope.rcpt_tos) == ["a@example.com", "b@example.com", "boss@example.com"]
    assert mail["Subject"] == "[FIRING critical] cdc-tasks-abnormal · prod · orders"
    assert mail["From"] == "FDI Monitor <monitor@example.com>"
    assert mail["To"] == "a@example.com, b@example.com"
    assert mail["Cc"] == "Boss <boss@example.com>"
    assert mail["Date"] == "Mon, 05 Jan 2026 02:05:00 +0000"
    assert mail["Auto-Submitted"] == "auto-generated"
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().splitlines() == plain(message()).split("\n")
    assert "<strong>17 tasks abnormal on orders</strong>" in html.get_content()
    assert "background:#c62828" in html.get_content()
    assert '<a href="https://wiki.example.com/fdi(1)?a=b&amp;c">runbook</a>' in html.get_content()


async def test_a_chinese_email_arrives_in_chinese() -> None:
    mailbox = Mailbox()
    said = message(Reason.MORE, language="zh")
    async with serving(mailbox) as server:
        await sent(server, said, **{"from": "监控 <monitor@example.com>"})
    (mail,) = mailbox.mails
    assert mail["Subject"] == "[告警 严重] cdc-tasks-abnormal · prod (2)"
    assert mail["From"].addresses[0].display_name == "监控"
    text = mail.get_body(("plain",))
    assert text is not None
    assert text.get_content().splitlines() == plain(said).split("\n")
    assert (mailbox.received[0].original_content or b"").isascii()


async def test_every_try_of_one_message_has_one_id_and_a_group_is_one_thread() -> None:
    mailbox = Mailbox()
    async with serving(mailbox) as server:
        await sent(server)
        await sent(server)
        await sent(server, message(Reason.ALL_RESOLVED, id="another"))
        await sent(server, message(id="third", group_key="{}:{}"))
    first, again, later, elsewhere = mailbox.mails
    assert first["Message-ID"] == again["Message-ID"]
    assert len({mail["Message-ID"] for mail in mailbox.mails}) == 3
    assert first["References"] == later["References"] == later["In-Reply-To"] != elsewhere["References"]
    assert all(
        str(mail[name]).endswith("@example.com>") for mail in mailbox.mails for name in ("Message-ID", "References")
    )


async def test_ids_stay_whole_under_a_long_domain() -> None:
    mailbox = Mailbox()
    long = f"monitor@{'a' * 60}.{'b' * 60}.example"
    async with serving(mailbox) as server:
        await sent(server, MESSAGE, **{"from": long})
    raw = mailbox.received[0].original_content or b""
    assert b"Message-ID: <" in raw
    assert b"References: <" in raw
    assert b"=?" not in raw.split(b"References:")[1].split(b"\r\n")[0]


async def test_the_subject_follows_the_template_of_the_policy() -> None:
    mailbox = Mailbox()
    async with serving(mailbox) as server:
        await sent(server, subject="[FDI {{ severity|upper }}] {{ firing }} on {{ receiver }}, {{ status }}")
    assert mailbox.mails[0]["Subject"] == "[FDI CRITICAL] 1 on oncall, firing"


async def test_no_header_can_be_smuggled_in() -> None:
    mailbox = Mailbox()
    labels = {**ORDERS.labels, "instance": "x\r\nBcc: evil@example.com\r\n\r\nbody", "account": "a\nb"}
    alert = dataclasses.replace(ORDERS, labels=labels, annotations={"summary": "s\r\nX-Evil: 1\r\n.\r\nQUIT"})
    said = message(alerts=(alert,), group_key="k\r\nX-Evil: 1")
    async with serving(mailbox) as server:
        verdict = await sent(server, said)
    assert verdict.outcome is Outcome.DELIVERED
    (envelope,), (mail,) = mailbox.received, mailbox.mails
    assert envelope.rcpt_tos == ["ops@example.com"]
    assert mail["Bcc"] is None
    assert mail["X-Evil"] is None
    assert "Bcc: evil@example.com" in mail["Subject"]


async def test_html_is_escaped() -> None:
    alert = dataclasses.replace(
        ORDERS, annotations={"summary": "<script>alert(1)</script>", "runbook": 'javascript:"><b>'}
    )
    mail = Email(options(), tools(smtp=SmtpServer(sender="a@example.com"))).payload(message(alerts=(alert,)))
    html = mail.get_body(("html",))
    assert html is not None
    assert "<script>" not in html.get_content()
    places = re.findall(r"href(.{26})", html.get_content())
    assert len(places) == 4
    assert set(places) == {'="https://fdi.example.com/'}


@pytest.mark.parametrize(
    ("answers", "outcome", "reason"),
    [
        ({"MAIL": "550 no such sender"}, Outcome.REFUSED, "SMTP 550: no such sender"),
        ({"MAIL": "451 try later"}, Outcome.UNREACHABLE, "SMTP 451: try later"),
        ({"DATA": "554 spam"}, Outcome.REFUSED, "SMTP 554: spam"),
        ({"DATA": "452 full"}, Outcome.UNREACHABLE, "SMTP 452: full"),
        ({"ops@example.com": "550 unknown"}, Outcome.REFUSED, "SMTP 550 for ops@example.com: unknown"),
        ({"ops@example.com": "450 greylisted"}, Outcome.UNREACHABLE, "SMTP 450 for ops@example.com: greylisted"),
        ({"QUIT": "500 never"}, Outcome.DELIVERED, ""),
    ],
)
async def test_the_answer_of_the_server_is_the_verdict(answers: dict[str, str], outcome: Outcome, reason: str) -> None:
    async with serving(Mailbox(answers)) as server:
        assert await sent(server) == Verdict(outcome, reason)


async def test_one_refused_address_among_others_is_delivered_and_said() -> None:
    mailbox = Mailbox({"gone@example.com": "550 unknown"})
    async with serving(mailbox) as server:
        verdict = await sent(server, to=["ops@example.com", "gone@example.com"])
    assert verdict == Verdict(Outcome.DELIVERED, "refused for gone@example.com")
    assert mailbox.received[0].rcpt_tos == ["ops@example.com"]


async def test_all_addresses_refused_is_tried_again_while_one_may_pass() -> None:
    answers = {"gone@example.com": "550 unknown", "ops@example.com": "450 later"}
    async with serving(Mailbox(answers)) as server:
        verdict = await sent(server, to=["gone@example.com", "ops@example.com"])
    assert verdict == Verdict(Outcome.UNREACHABLE, "SMTP 450 for ops@example.com: later")


class Accounts:
    """Knows one user; a wrong password is answered with the password itself, as a careless server might."""

    def __call__(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        if (data.login, data.password) == (b"monitor", CANARY.encode()):
            return AuthResult(success=True)
        return AuthResult(success=False, handled=False, message=f"535 no {data.password.decode()}")


def trusting(monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Makes the clients trust `localhost.pem`; gives the server's side of it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(LOCALHOST))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(LOCALHOST)
    return context


async def test_starttls_and_login(monkeypatch: pytest.MonkeyPatch) -> None:
    mailbox, context = Mailbox(), trusting(monkeypatch)
    async with serving(mailbox, tls_context=context, authenticator=Accounts(), auth_required=True) as server:
        login = dataclasses.replace(server, tls="starttls", user="monitor", password=SecretStr(CANARY))
        assert (await sent(login)).outcome is Outcome.DELIVERED
        refused = await sent(dataclasses.replace(login, password=SecretStr("another-canary")))
        anonymous = await sent(dataclasses.replace(login, user=""))
    assert (refused.outcome, anonymous.outcome) == (Outcome.REFUSED, Outcome.REFUSED)
    assert refused.reason == "SMTP 535: no ***"
    assert len(mailbox.received) == 1


async def test_tls_from_the_first_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    mailbox, context = Mailbox(), trusting(monkeypatch)
    async with serving(mailbox, tls=context) as server:
        assert (await sent(dataclasses.replace(server, tls="tls"))).outcome is Outcome.DELIVERED
    assert len(mailbox.received) == 1


async def test_an_untrusted_certificate_is_unreachable_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    mailbox, context = Mailbox(), trusting(monkeypatch)
    monkeypatch.delenv("SSL_CERT_FILE")
    async with serving(mailbox, tls_context=context) as server:
        starttls = await sent(dataclasses.replace(server, tls="starttls"))
    async with serving(mailbox, tls=context) as server:
        tls = await sent(dataclasses.replace(server, tls="tls"))
    expected = Verdict(Outcome.UNREACHABLE, "no TLS connection to the e-mail server: check its certificate")
    assert (starttls, tls) == (expected, expected)
    assert mailbox.received == []


@pytest.mark.parametrize("wanted", [{"tls": "starttls"}, {"user": "monitor", "password": SecretStr("x")}])
async def test_what_the_server_does_not_offer_is_never_left_out(wanted: dict[str, Any]) -> None:
    mailbox = Mailbox()
    async with serving(mailbox) as server:
        verdict = await sent(dataclasses.replace(server, **wanted))
    assert verdict.outcome is Outcome.REFUSED
    assert verdict.reason.endswith("check FDI_MONITOR_SMTP__TLS and FDI_MONITOR_SMTP__USER")
    assert mailbox.received == []


async def test_a_closed_port_is_unreachable(unused_tcp_port: int) -> None:
    verdict = await sent(SmtpServer(host="127.0.0.1", port=unused_tcp_port, sender="a@example.com"))
    assert verdict == Verdict(Outcome.UNREACHABLE, "the e-mail server cannot be reached (SMTPConnectError)")


async def test_a_host_name_that_cannot_be_one_is_refused() -> None:
    verdict = await sent(SmtpServer(host="a..b", sender="a@example.com"))
    assert (verdict.outcome, "FDI_MONITOR_SMTP__HOST" in verdict.reason) == (Outcome.REFUSED, True)


@pytest.mark.parametrize("greeting", [b"", b"220 hello\r\n", b"220 hello\r\n250 a\r\n250 b\r\n250 c\r\n"])
async def test_a_hanging_server_is_given_up_in_time(greeting: bytes) -> None:
    released = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await released.wait()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    loop = asyncio.get_running_loop()
    began = loop.time()
    port = server.sockets[0].getsockname()[1]
    smtp = SmtpServer(host="127.0.0.1", port=port, sender="a@example.com")
    verdict = await Email(options(timeout=timedelta(milliseconds=150)), tools(smtp=smtp)).send(message())
    took = loop.time() - began
    released.set()
    server.close()
    await server.wait_closed()
    assert verdict == Verdict(Outcome.UNREACHABLE, "no answer from the e-mail server within 0.15s")
    assert took < 2


@pytest.mark.parametrize("said", [b"garbage\r\n", b"\xff\xfe\x00\r\n", b"421 busy\r\n", b"220 hello\r\n"])
async def test_a_server_that_breaks_off_is_unreachable(said: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    verdict = await sent(SmtpServer(host="127.0.0.1", port=port, sender="a@example.com"))
    server.close()
    await server.wait_closed()
    assert verdict.outcome is Outcome.UNREACHABLE


async def test_what_is_not_set_is_said() -> None:
    nowhere = await sent(SmtpServer())
    nobody = await sent(SmtpServer(host="127.0.0.1"))
    assert nowhere == Verdict(Outcome.REFUSED, "no e-mail server is set: set FDI_MONITOR_SMTP__HOST")
    assert nobody == Verdict(Outcome.REFUSED, "e-mail has no sender: set `from:` or FDI_MONITOR_SMTP__SENDER")


@pytest.mark.parametrize(
    "wrong",
    [
        {"to": []},
        {"to": "ops@example.com"},
        {"to": ["ops"]},
        {"to": ["ops@example.com, b@example.com"]},
        {"to": ["ops@example.com\r\nBcc: x@example.com"]},
        {"to": ["a b@example.com"]},
        {"to": ["用户@example.com"]},
        {"cc": ["@example.com"]},
        {"from": "nobody"},
        {"subject": "{{ titel }}"},
        {"subject": "{{ 'x' * 99 }}"},
        {"bcc": ["a@example.com"]},
    ],
)
def test_wrong_options_are_found_when_the_policy_is_read(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        options(**wrong)


def test_a_wrong_subject_is_shown_with_its_column() -> None:
    with pytest.raises(ValidationError, match=r"column 4: unknown name 'titel', did you mean 'title'"):
        options(subject="{{ titel }}")


async def test_the_password_shows_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    smtp = SmtpServer(host="127.0.0.1", port=1, user="monitor", password=SecretStr(CANARY), sender="a@example.com")
    notifier = Email(options(), tools(smtp=smtp))
    shown = [repr(smtp), repr(tools(smtp=smtp)), repr(notifier), str(await notifier.send(message())), caplog.text]
    assert [text for text in shown if CANARY in text] == []


NINE = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
CURVE = Curve(
    "<orders>",
    "abnormal",
    (
        Step(NINE, NINE + timedelta(minutes=30), 2),
        Step(NINE + timedelta(minutes=30), NINE + timedelta(minutes=50), None),
        Step(NINE + timedelta(minutes=50), NINE + timedelta(minutes=65), 17),
    ),
    fired_at=NINE + timedelta(minutes=50),
)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "<orders>: abnormal tasks, lowest 2, highest 17, last 17, 09:00:00 – 10:05:00"),
        ("zh", "<orders> 异常任务数：最低 2，最高 17，最新 17，09:00:00 – 10:05:00"),
    ],
)
async def test_the_counts_of_the_last_hours_are_an_inline_picture_with_words_for_those_who_see_none(
    language: str, words: str
) -> None:
    mailbox = Mailbox()
    async with serving(mailbox) as server:
        await sent(server, message(language=language, curve=CURVE))
    (mail,) = mailbox.mails
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
    ]
    html, picture = mail.get_body(("html",)), list(mail.walk())[-1]
    assert html is not None
    assert picture["Content-Disposition"].startswith("inline")
    assert picture.get_content() == plot(CURVE)
    page = html.get_content()
    assert f'src="cid:{picture["Content-ID"].strip("<>")}"' in page
    assert f'alt="{escape(words)}"' in page
    assert list(mail.iter_attachments()) == []


def test_without_a_course_there_is_no_picture_and_every_try_draws_the_same() -> None:
    mail = Email(options(), tools(smtp=SmtpServer(sender="a@example.com")))
    assert "img" not in str(mail.payload(message()))
    first, again = (bytes(mail.payload(message(curve=CURVE))) for _ in range(2))
    assert first == again
