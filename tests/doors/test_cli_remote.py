"""The commands that ask the running service: what they say where it does not answer, or refuses."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from monitor.cli import main

CANARY = "t0ken-canary-4711"
LOCALHOST = Path(__file__).parent / "notifiers" / "localhost.pem"
Run = Callable[..., tuple[int, str, str]]

ALERT = {
    "fingerprint": "0f3a4c5d6e7f8091",
    "labels": {"alertname": "tasks-abnormal", "account": "prod", "instance": "订单[1]", "severity": "critical"},
    "annotations": {},
    "severity": "critical",
    "state": "firing",
    "since": "2026-01-05T02:00:00.000Z",
    "fired_at": "2026-01-05T02:05:00.000Z",
    "values": {},
    "silenced_by": ["s-1"],
    "inhibited_by": [],
    "muted_by": [],
    "ack": {"owner": "王", "comment": "", "at": "", "severity": "critical", "expires_at": None},
}
PENDING = {**ALERT, "state": "pending", "fired_at": None}
SILENCE = {
    "id": "s-1",
    "status": {"state": "active"},
    "matchers": [{"name": "instance", "value": "a.*", "isRegex": True, "isEqual": False}],
    "endsAt": "2026-01-05T03:00:00.000Z",
    "createdBy": "王",
    "comment": "迁移",
    "unless": 'severity="critical"',
    "until": "resolved",
    "window": "nights",
}
STATUS = {
    "version": "9.9",
    "started_at": "2026-01-05T01:00:00.000Z",
    "summary": "The service works, but not everything does",
    "notes": ["1 node is not heard of"],
    "nodes": [
        {"name": "fdi-1", "silent": False, "leads": True, "accounts": ["prod", "test"]},
        {"name": "fdi-2", "silent": True, "leads": False, "accounts": []},
    ],
    "unpolled": [],
    "store": {"degraded": False, "held": 0},
}


class Service(ThreadingHTTPServer):
    """A service that gives these answers, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.given: dict[tuple[str, str], tuple[int, str]] = {}
        self.asked: list[tuple[str, str, Mapping[str, str], str]] = []

    def answer(self, method: str, path: str, body: Any, status: int = 200) -> None:
        self.given[method, path] = (status, body if isinstance(body, str) else json.dumps(body))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Service

    def handle_one(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        status, text = self.server.given.get((self.command, self.path.partition("?")[0]), (404, '"not found"'))
        content = text.encode()
        self.send_response(status)
        if status == 301:
            self.send_header("Location", f"{self.server.url}/elsewhere")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = handle_one  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing on the terminal."""


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as server:
        server.answer("GET", "/api/fdi/v1/status", STATUS)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command line in an empty folder; gives exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FDI_MONITOR_TOKEN", CANARY)

    def command(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(arguments)
        asyncio.set_event_loop(None)
        out, err = capsys.readouterr()
        assert CANARY not in out + err
        return code, out, err

    return command


@pytest.mark.parametrize(
    "command", [["status"], ["alerts"], ["silence", "list"], ["ack", "x"], ["silence", "expire", "s"]]
)
def test_where_nothing_answers_it_says_what_to_do(run: Run, command: list[str]) -> None:
    code, out, err = run(*command, "--url", "http://127.0.0.1:9")
    assert (code, out) == (1, "")
    assert err.startswith("fdi-monitor: nothing answers at http://127.0.0.1:9: ")
    assert err.rstrip().endswith("or name its address with --url")


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (["status", "--url", "127.0.0.1:9"], "'127.0.0.1:9' is not a web address: write for "),
        (["silence", "add", "instance"], "instance: one of = != =~ !~ is missing after 'instance'"),
        (["silence", "add", "a=b", "--for", "300"], "'300' has no unit: write 300s or 5m"),
        (["silence", "add", "a=b", "--for", "0s"], "'0s' lasts no time: write how long, such as 30m or 2h"),
        (["silence", "add", "a=b", "--start", "tomorrow"], "'tomorrow' is not a moment: write for "),
        (["silence", "add", "a=b", "--unless", "("], "(: one of = != =~ !~ is missing after '('"),
        (["alerts", "=~"], "=~: a label name is missing"),
        (["ack", "a=~("], "a=~(: '(' is not a regular expression: missing )"),
    ],
)
def test_wrong_use_is_told_before_anything_is_asked(run: Run, command: list[str], complaint: str) -> None:
    code, out, err = run(*command)
    assert (code, out) == (2, "")
    assert err.startswith(f"fdi-monitor: {complaint}"), err


def test_what_is_no_fdi_monitor_is_told_so(run: Run, service: Service) -> None:
    service.answer("GET", "/api/fdi/v1/status", "<html>")
    code, _, err = run("status", "--url", service.url)
    assert code == 1
    assert err == (f"fdi-monitor: what answers at {service.url} is no fdi-monitor: name its address with --url\n")


@pytest.mark.parametrize("body", ['{"detail": "not for you"}', '"not for you"', "not for you\n"])
def test_a_refusal_is_told_in_the_services_words_and_the_token_is_shown(run: Run, service: Service, body: str) -> None:
    service.answer("GET", "/api/fdi/v1/alerts", body, status=409)
    code, _, err = run("alerts", "--url", service.url)
    assert (code, err) == (1, f"fdi-monitor: {service.url} refuses: not for you\n")
    assert service.asked[0][2]["Authorization"] == f"Bearer {CANARY}"


def test_who_is_not_let_in_is_told_what_to_set(run: Run, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service.answer("GET", "/api/fdi/v1/alerts", "401: not known\n", status=401)
    code, out, err = run("alerts", "--url", service.url)
    assert (code, out) == (2, "")
    assert err.startswith(f"fdi-monitor: {service.url} does not know the token in FDI_MONITOR_TOKEN: set it to one of ")
    monkeypatch.delenv("FDI_MONITOR_TOKEN")
    code, _, err = run("alerts", "--url", service.url)
    assert code == 2
    assert err.startswith(f"fdi-monitor: {service.url} wants to know who asks: set FDI_MONITOR_TOKEN to one of ")
    assert "FDI_MONITOR_WEB__TOKENS" in err


def test_who_may_only_read_is_told_what_is_missing(run: Run, service: Service) -> None:
    words = "403: The token ci is a viewer, and this needs the role operator.\n"
    service.answer("POST", "/api/fdi/v1/drills", words, status=403)
    code, _, err = run("drill", "--url", service.url)
    assert code == 2
    assert err == (
        f"fdi-monitor: {service.url} refuses: The token ci is a viewer, and this needs the role operator. "
        "Set FDI_MONITOR_TOKEN to a token that may do this\n"
    )


def test_a_service_that_sends_elsewhere_is_not_followed_for_the_token_would_be_lost(run: Run, service: Service) -> None:
    service.answer("POST", "/api/fdi/v1/drills", "", status=301)
    code, _, err = run("drill", "--url", service.url)
    assert code == 2
    assert (
        err == f"fdi-monitor: {service.url} sends on to {service.url}/elsewhere: name what it stands for with --url\n"
    )
    assert len(service.asked) == 1


def test_a_certificate_that_nobody_vouches_for_is_refused_with_what_to_do(run: Run, service: Service) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(LOCALHOST)
    service.socket = context.wrap_socket(service.socket, server_side=True)
    url = f"https://localhost:{service.server_address[1]}"
    code, _, err = run("status", "--url", url)
    assert code == 2
    assert err.startswith(f"fdi-monitor: the certificate of {url} is not trusted: ")
    assert "SSL_CERT_FILE" in err
    assert service.asked == []


def test_tls_to_what_speaks_none_is_told_so(run: Run, service: Service) -> None:
    url = service.url.replace("http:", "https:")
    code, _, err = run("status", "--url", url)
    assert code == 2
    assert err.startswith(f"fdi-monitor: no TLS is spoken at {url}: ")


@pytest.mark.parametrize("command", ["status", "alerts", "silence", "ack", "outbox", "explain", "drill"])
def test_each_command_has_an_example_and_says_where_the_token_comes_from(run: Run, command: str) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0
    assert "Example" in out
    deeper = {"silence": ["list"], "outbox": ["ls"]}.get(command, [])
    assert "FDI_MONITOR_TOKEN" in run(command, *deeper, "--help")[1]


def test_alerts_are_a_table_or_json(run: Run, service: Service) -> None:
    service.answer("GET", "/api/fdi/v1/alerts", {"alerts": [ALERT], "next": None})
    code, out, _ = run("alerts", "--url", service.url)
    assert code == 0
    heading, line = out.splitlines()
    assert heading.split() == ["alert", "instance", "severity", "state", "since", "quiet", "fingerprint"]
    assert "订单[1]" in line
    assert "silenced by s-1, acknowledged by 王" in line
    assert json.loads(run("alerts", "--url", service.url, "--json")[1]) == [ALERT]
    assert run("alerts", "instance=x", "--url", service.url)[1] == "no alert fires or waits that matches\n"


@pytest.mark.parametrize("store", [{"degraded": True, "held": 3}, None])
def test_a_service_that_cannot_write_down_what_it_knows_is_not_taken_for_well(
    run: Run, service: Service, store: Any
) -> None:
    service.answer("GET", "/api/fdi/v1/status", {**STATUS, "store": store})
    service.answer("GET", "/api/fdi/v1/alerts", {"alerts": [], "next": None})
    service.answer("GET", "/api/v2/silences", [])
    old = "what follows may be old: the store takes no writes, and what moves is told to the receivers only"
    old += ". Make room on its disk or bring its database back, and do not restart it"
    assert run("alerts", "--url", service.url) == (
        0,
        "no alert fires or waits\n",
        f"fdi-monitor: {old}\n",
    )
    code, out, err = run("status", "--url", service.url)
    assert (code, err) == (1, f"fdi-monitor: {old}\n")
    assert "fires:    nothing" in out


def test_silences_are_listed_with_all_that_they_say(run: Run, service: Service) -> None:
    service.answer("GET", "/api/v2/silences", [SILENCE])
    _, out, _ = run("silence", "list", 'instance="x"', "--url", service.url)
    assert 'instance!~"a.*" unless severity="critical" until resolved in nights' in out
    assert "迁移" in out
    assert service.asked[0][1] == "/api/v2/silences?filter=instance%3D%22x%22&expired=false"


def test_a_silence_is_previewed_then_made(run: Run, service: Service) -> None:
    past = {
        "since": "2026-01-05T14:00:00.000Z",
        "alerts": [{"fingerprint": "1", "labels": ALERT["labels"], "times": 3, "lastAt": "2026-01-05T14:00:00.000Z"}],
        "fired": 3,
        "messages": {"ops": 2, "oncall": 3},
        "shortened": 1,
    }
    service.answer("POST", "/api/fdi/v1/silences/preview", {"alerts": [ALERT], "past": past})
    service.answer("POST", "/api/v2/silences", {"silenceID": "s-7"})
    arguments = ["silence", "add", "instance=a", "x!~y.*", "--for", "2h", "--start", "2026-01-05T22:00:00+08:00"]
    more = [
        "--unless",
        "severity=critical",
        "--until-resolved",
        "--window",
        "nights",
        "--author",
        "王",
        "--comment",
        "迁移",
    ]
    _, out, _ = run(*arguments, *more, "--url", service.url)
    assert out.startswith("s-7 until ")
    hides, would, named = out.splitlines()[1:]
    assert hides == "it hides 1 now: tasks-abnormal · prod · 订单[1]"
    assert would.endswith("it would have hidden 5 messages (ops 2, oncall 3) and a part of 1 message")
    assert named == "  tasks-abnormal · prod · 订单[1], fired 3 times"
    assert [one[1] for one in service.asked] == ["/api/fdi/v1/silences/preview", "/api/v2/silences"]
    assert json.loads(service.asked[1][3]) == {
        "matchers": [
            {"name": "instance", "value": "a", "isRegex": False, "isEqual": True},
            {"name": "x", "value": "y.*", "isRegex": True, "isEqual": False},
        ],
        "startsAt": "2026-01-05T14:00:00.000Z",
        "endsAt": "2026-01-05T16:00:00.000Z",
        "createdBy": "王",
        "comment": "迁移",
        "unless": 'severity="critical"',
        "until": "resolved",
        "window": "nights",
    }
    service.asked.clear()
    assert json.loads(run("silence", "add", "a=b", "--dry-run", "--json", "--url", service.url)[1])["id"] is None
    assert [one[1] for one in service.asked] == ["/api/fdi/v1/silences/preview"]


def test_an_acknowledgement_is_by_fingerprint_by_name_or_by_matchers(run: Run, service: Service) -> None:
    path = f"/api/fdi/v1/alerts/{ALERT['fingerprint']}/ack"
    service.answer("GET", "/api/fdi/v1/alerts", {"alerts": [ALERT], "next": None})
    service.answer("POST", path, {"owner": "王", "expires_at": "2026-01-05T04:00:00.000Z"})
    for alert in (ALERT["fingerprint"], "tasks-abnormal", 'severity="critical"'):
        code, out, err = run("ack", str(alert), "--owner", "王", "--for", "2h", "--url", service.url)
        assert (code, err) == (0, "")
        assert out.startswith("0f3a4c5d6e7f8091: acknowledged by 王 until 2026-01-05 ")
    service.answer("DELETE", path, "")
    assert run("ack", "tasks-abnormal", "--withdraw", "--url", service.url)[1] == "0f3a4c5d6e7f8091: taken back\n"
    code, _, err = run("ack", "other", "--url", service.url)
    assert (code, err) == (1, 'fdi-monitor: no alert that matches alertname="other" fires\n')


def test_a_story_is_told_as_lines_in_the_zone_of_the_reader(run: Run, service: Service) -> None:
    facts = [
        {"stage": "sample", "name": "", "at": "2026-01-05T02:00:00.000Z", "text": "common: 3 abnormal"},
        {"stage": "quiet", "name": "silence", "at": None, "text": "silenced by silence s-1"},
    ]
    story = {"subject": "tasks-abnormal · 订单", "answer": "no message, because it is silenced", "facts": facts}
    service.answer("GET", "/api/fdi/v1/explain", {"stories": [story]})
    code, out, err = run("explain", "订单", "--at", "2026-01-05T10:00:00+08:00", "--url", service.url)
    assert (code, err) == (0, "")
    first, heading, sample, quiet = out.splitlines()
    assert first == "tasks-abnormal · 订单: no message, because it is silenced"
    assert heading.split() == ["stage", "of", "when", "what"]
    assert sample.split()[0] == "sample"
    assert quiet.split() == ["quiet", "silence", "silenced", "by", "silence", "s-1"]
    assert service.asked[0][1].endswith("at=2026-01-05T02:00:00.000Z")
    assert json.loads(run("explain", "x", "--json", "--url", service.url)[1]) == [story]


def test_status_sums_up_and_its_exit_code_is_for_scripts(run: Run, service: Service) -> None:
    service.answer("GET", "/api/fdi/v1/status", STATUS)
    service.answer("GET", "/api/v2/silences", [SILENCE])
    service.answer("GET", "/api/fdi/v1/alerts", {"alerts": [ALERT, PENDING], "next": None})
    code, out, _ = run("status", "--url", service.url)
    assert code == 0, "all that fires is silenced"
    assert out.splitlines()[1:] == [
        "service:  The service works, but not everything does; 1 node is not heard of",
        "node:     fdi-1 (lives, forms the groups) polls prod, test",
        "node:     fdi-2 (silent) polls nothing",
        "fires:    1 critical (1 kept quiet, 1 acknowledged)",
        "waits:    1",
        "silences: 1",
    ]
    service.answer("GET", "/api/fdi/v1/alerts", {"alerts": [{**ALERT, "silenced_by": []}], "next": None})
    code, out, _ = run("status", "--json", "--url", service.url)
    assert (code, json.loads(out)["firing"]) == (1, {"critical": 1})


def test_the_outbox_is_a_table_or_json_and_messages_are_retried_and_dropped(run: Run, service: Service) -> None:
    message = {
        "id": "m-1",
        "receiver": "值班",
        "kind": "feishu",
        "state": "dead",
        "verdict": "refused",
        "reason": "19024: keyword",
        "attempts": 1,
        "next_at": None,
    }
    service.answer("GET", "/api/fdi/v1/outbox", {"messages": [message]})
    code, out, _ = run("outbox", "ls", "--url", service.url)
    assert code == 0
    for word in ("m-1", "值班", "dead", "19024: keyword"):
        assert word in out
    assert json.loads(run("outbox", "ls", "--json", "--url", service.url)[1]) == [message]
    service.answer("POST", "/api/fdi/v1/outbox/m-1/retry", message)
    assert run("outbox", "retry", "m-1", "--url", service.url)[:2] == (0, "m-1 is tried again\n")
    service.answer("DELETE", "/api/fdi/v1/outbox/m-1", "")
    assert run("outbox", "drop", "m-1", "--url", service.url)[:2] == (0, "m-1 is dropped\n")
    service.answer("DELETE", "/api/fdi/v1/outbox/m-1", {"detail": "the message m-1 was delivered"}, 409)
    assert run("outbox", "drop", "m-1", "--url", service.url)[0] == 1
