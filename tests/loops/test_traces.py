"""Traces: from the poll to the message, with nothing loaded while nobody asks for them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import StatusCode
from pydantic import SecretStr
from reload_town import ORDERS, START, Town, policy, town
from structlog.testing import capture_logs

from monitor import redaction, traces, tracing
from monitor.errors import UsageError
from monitor.fdi.account import Account, Token
from monitor.fdi.cloud import Cloud
from monitor.meters import Meters, Pulse
from monitor.model import Counts, Failure, FailureKind, Sample
from monitor.otel import Otel
from monitor.poller import Poller
from monitor.store.database import Store
from monitor.tracing import FAREWELL, exporting, wanted

CANARY = "canary-7f3a9c"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """All spans that are made, in the order in which they end."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    traces.begin(Otel(provider, most=100))
    yield exporter
    traces.begin(None)
    provider.shutdown()


class OneCloud:
    """Answers each poll with the next of these numbers; None fails it."""

    share, throttled = 1.0, 0

    def __init__(self, town: Town, *abnormal: int | None) -> None:
        self.town = town
        self.abnormal = list(abnormal)

    async def sample(self, _: object) -> Sample:
        found = self.abnormal.pop(0)
        if found is None:
            failure = Failure(FailureKind.UNREACHABLE, f"503: token={CANARY}", "req-1")
            return Sample(ORDERS, self.town.at, timedelta(seconds=1), failure=failure)
        return Sample(ORDERS, self.town.at, timedelta(seconds=1), Counts(abnormal=found), Counts())


async def poll(here: Town, *abnormal: int | None) -> None:
    """Polls by a real poller, one after the other, and has what follows said."""
    account = Account("prod", "https://roma.example.com", "https://iam.example.com", Token(SecretStr("t")), "p-1")
    more: dict[str, Any] = {"now": here.now, "meters": Meters(), "pulse": Pulse(), "cycles": Pulse()}
    cloud = cast("Cloud", OneCloud(here, *abnormal))
    account = replace(account, instances=(ORDERS,))
    poller = Poller(account, cloud, engine=here.live.engine, **more)
    worker = asyncio.create_task(poller._work())
    for number in range(len(abnormal)):
        here.at = START + timedelta(seconds=10 * (number + 1))
        poller._busy.add(ORDERS.key)
        poller._due.put_nowait((False, 0.0, ORDERS.key))
        while poller._busy:
            await asyncio.sleep(0)
        await here.tell()
    worker.cancel()
    await asyncio.wait([worker])


def parent(span: ReadableSpan) -> int:
    return span.parent.span_id if span.parent else 0


def the(spans: InMemorySpanExporter, name: str) -> ReadableSpan:
    [found] = [one for one in spans.get_finished_spans() if one.name == name]
    return found


async def test_a_message_leads_back_to_the_poll_that_it_is_about(
    store: Store, tmp_path: Path, spans: InMemorySpanExporter
) -> None:
    async with town(policy(tmp_path / "rules"), store) as here:
        await poll(here, 3)
        assert here.titles() != []
    polled, judged, recorded, decided, sent = (
        the(spans, name) for name in ("poll", "judge", "record", "decide", "send")
    )
    assert (parent(polled), parent(decided)) == (0, 0)
    assert parent(judged) == polled.context.span_id
    assert parent(recorded) == judged.context.span_id
    assert parent(sent) == decided.context.span_id
    for span in (decided, sent):
        assert [link.context.span_id for link in span.links] == [polled.context.span_id]
        assert span.context.trace_id != polled.context.trace_id
    assert dict(polled.attributes or {}) == {
        "fdi_monitor.account": "prod",
        "fdi_monitor.instance": "orders",
        "fdi_monitor.instance_id": "i-1",
    }
    message = here.said[0][1].notification.id
    assert dict(sent.attributes or {}) == {
        "fdi_monitor.receiver": "ops",
        "fdi_monitor.kind": "console",
        "fdi_monitor.message": message,
        "fdi_monitor.attempt": 1,
        "fdi_monitor.verdict": "delivered",
    }
    assert (decided.attributes or {})["fdi_monitor.verdict"] == "first"


async def test_a_poll_that_fails_says_so_without_secrets(
    store: Store, tmp_path: Path, spans: InMemorySpanExporter
) -> None:
    async with town(policy(tmp_path / "rules"), store) as here:
        await poll(here, None, 0)
    failed, well = (one for one in spans.get_finished_spans() if one.name == "poll")
    assert (failed.status.status_code, failed.status.description) == (StatusCode.ERROR, "503: token=***")
    assert well.status.status_code is StatusCode.UNSET
    assert CANARY not in "".join(one.to_json() for one in spans.get_finished_spans())


def test_an_error_is_told_by_its_name_alone(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match=CANARY), traces.span("judge"):
        raise ValueError(CANARY)
    assert (the(spans, "judge").status.description, the(spans, "judge").events) == ("ValueError", ())


def test_what_is_kept_is_bounded(spans: InMemorySpanExporter) -> None:
    with traces.span("poll"):
        traces.mark(str(number) for number in range(150))
    with traces.span("decide"):
        traces.hand_on(["0", "149"], to=["m"])
    assert len(the(spans, "decide").links) == 1


def test_what_is_not_sampled_is_not_linked_to() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    otel = Otel(provider)
    with otel.span("poll", "", {}):
        otel.mark(["a"])
    assert exporter.get_finished_spans() == ()
    assert len(otel._kept) == 0


def test_without_a_tracer_a_span_is_nothing() -> None:
    assert traces.span("poll", account="prod") is traces.span("judge")
    with traces.span("poll"):
        traces.note(up=True)
        traces.failed("x")
        traces.mark(["a"])
        traces.hand_on(["a"], to=["m"])


# --- set up by the variables


@pytest.mark.parametrize(
    ("variables", "asked"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "x"}, False),
        ({ENDPOINT: "http://127.0.0.1:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({ENDPOINT: ""}, False),
        ({ENDPOINT: "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "TRUE"}, False),
        ({ENDPOINT: "http://127.0.0.1:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_traces_are_sent_where_an_endpoint_is_named_and_nothing_says_no(variables: dict[str, str], asked: bool) -> None:
    assert wanted(variables) is asked


def test_the_service_loads_nothing_of_it_without_an_endpoint() -> None:
    code = (
        "import sys, monitor.tracing as t\n"
        "with t.exporting({}): pass\n"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    house = Path(tracing.__file__).parent
    knowing = [file.name for file in house.rglob("*.py") if "opentelemetry" in file.read_text(encoding="utf-8")]
    assert sorted(knowing) == ["otel.py", "tracing.py"]


def test_without_the_extra_it_says_what_to_install_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with capture_logs() as logs, exporting({ENDPOINT: "http://127.0.0.1:4318"}):
        assert traces._tracer is None
    assert [(line["log_level"], line["install"]) for line in logs] == [("warning", "pip install 'fdi-monitor[otel]'")]


def test_another_protocol_is_refused() -> None:
    variables = {ENDPOINT: "http://127.0.0.1:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    with pytest.raises(UsageError, match="OTEL_EXPORTER_OTLP_PROTOCOL is 'grpc'"), exporting(variables):
        pass


class Collector(ThreadingHTTPServer):
    """A small OTLP/HTTP receiver."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[tuple[str, dict[str, str], ExportTraceServiceRequest]] = []
        self.status = 200
        self.hangs = threading.Event()
        self.hangs.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def names(self) -> list[str]:
        return [
            span.name
            for _, _, request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.hangs.wait(20)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append((self.path, headers, ExportTraceServiceRequest.FromString(body)))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing on the terminal."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.hangs.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def variables(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Those of the process, for the SDK reads them there."""
    found = {
        ENDPOINT: collector.url,
        "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{CANARY}",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=prod",
        "OTEL_BSP_SCHEDULE_DELAY": "10",
    }
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    return found


def test_a_real_collector_gets_them_as_the_variables_say(collector: Collector, variables: dict[str, str]) -> None:
    with exporting(variables), traces.span("poll", account="prod"):
        pass
    [(path, headers, request)] = collector.requests
    assert path == "/v1/traces"
    assert headers["content-type"] == "application/x-protobuf"
    assert headers["authorization"] == f"Bearer {CANARY}"
    assert collector.names() == ["poll"]
    resource = {one.key: one.value.string_value for one in request.resource_spans[0].resource.attributes}
    assert resource["service.name"] == "fdi-monitor"
    assert resource["deployment.environment"] == "prod"
    assert redaction.redact(f"sent with {CANARY}") == "sent with ***"


def test_the_variables_name_the_service(
    collector: Collector, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "监控")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    with exporting(variables), traces.span("poll"):
        pass
    assert collector.requests == []
    monkeypatch.delenv("OTEL_TRACES_SAMPLER")
    with exporting(variables), traces.span("poll"):
        pass
    [(_, _, request)] = collector.requests
    resource = {one.key: one.value.string_value for one in request.resource_spans[0].resource.attributes}
    assert resource["service.name"] == "监控"


def test_a_collector_that_refuses_is_told_once_and_so_is_its_recovery(
    collector: Collector, variables: dict[str, str]
) -> None:
    collector.status = 400
    with capture_logs() as logs, exporting(variables):
        for status, seen in ((400, 1), (400, 2), (200, 3)):
            collector.status = status
            with traces.span("poll"):
                pass
            _until(lambda: len(collector.requests) == seen)  # noqa: B023 - called at once
            if status == 200:
                _until(lambda: len(logs) == 2)
    assert [line["event"] for line in logs] == ["traces cannot be sent", "traces are sent again"]
    assert "400" in logs[0]["reason"]
    assert CANARY not in str(logs)


def test_a_collector_that_hangs_does_not_keep_the_service(
    collector: Collector, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "FAREWELL", 0.1)
    collector.hangs.clear()
    with exporting(variables):
        with traces.span("poll"):
            pass
        begun = time.monotonic()
    assert time.monotonic() - begun < FAREWELL


def _until(condition: Any) -> None:
    until = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)
