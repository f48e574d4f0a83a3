"""Sends traces by OpenTelemetry, set up by the variables `OTEL_*` that every OpenTelemetry SDK reads.

The SDK, of the extra `otel`, is imported only where an endpoint is named.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import unquote

import structlog

import monitor
from monitor import traces
from monitor.errors import UsageError
from monitor.redaction import protect, redact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
HEADERS = ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS")
INSTALL = "pip install 'fdi-monitor[otel]'"
FAREWELL = 2.0
"""Seconds that a stop waits for what was not sent yet."""

_LIBRARY = "opentelemetry.exporter.otlp.proto.http.trace_exporter"

log = structlog.get_logger()


def wanted(environment: Mapping[str, str]) -> bool:
    """Whether the variables ask for traces: an endpoint is named, and nothing says no."""
    off = environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    return any(environment.get(name) for name in ENDPOINTS) and not off and exporter in ("", "otlp")


@contextmanager
def exporting(environment: Mapping[str, str]) -> Iterator[None]:
    """Traces while the block runs, where the variables, which are those of the process, ask for them.

    Where the extra is not installed that is said, and the service goes on: whoever set the variables for the whole
    machine may not have meant this process.

    Raises:
        UsageError: they ask for what cannot be done.
    """
    provider = _provider(environment) if wanted(environment) else None
    if provider is None:
        yield
        return
    from monitor.otel import Otel

    traces.begin(Otel(provider))
    try:
        yield
    finally:
        traces.begin(None)
        _close(provider)


def _provider(environment: Mapping[str, str]) -> TracerProvider | None:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning("traces are asked for by OTEL_* and not sent: the extra otel is missing", install=INSTALL)
        return None
    for name in PROTOCOLS:
        if (protocol := environment.get(name, "")) not in ("", "http/protobuf"):
            raise UsageError(f"{name} is {protocol!r}, and traces are sent by http/protobuf alone (port 4318)")
    for name in HEADERS:
        for pair in environment.get(name, "").split(","):
            value = unquote(pair.partition("=")[2]).strip()
            protect(value)
            protect(value.rpartition(" ")[2])  # without the word before it, such as Bearer
    try:
        provider = TracerProvider(resource=_resource(Resource.create()), shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(_once(OTLPSpanExporter())))
    except ValueError as error:
        raise UsageError(f"traces cannot be set up by the variables OTEL_*: {error}") from error
    return provider


def _resource(found: Resource) -> Resource:
    """What the variables say of the service, with our name where they give none."""
    own = {"service.name": "fdi-monitor", "service.version": monitor.__version__}
    named = {name: value for name, value in found.attributes.items() if not str(value).startswith("unknown_service")}
    return type(found)({**own, **named}, found.schema_url)


def _close(provider: TracerProvider) -> None:
    """Sends what is left, and waits for it a while: a collector that hangs must not keep the service."""
    thread = threading.Thread(target=provider.shutdown, name="traces", daemon=True)
    thread.start()
    thread.join(FAREWELL)


def _once(exporter: SpanExporter) -> SpanExporter:
    """An exporter that says once that it fails, and once that it works again; the library says it for each batch."""
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    heard = _Heard()
    logging.getLogger(_LIBRARY).addFilter(heard)

    class Once(SpanExporter):
        failing = False

        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            heard.first = ""
            result = exporter.export(spans)
            failing = result is not SpanExportResult.SUCCESS
            if failing and not self.failing:
                log.warning("traces cannot be sent", reason=redact(heard.first))
            elif self.failing and not failing:
                log.info("traces are sent again")
            self.failing = failing
            return result

        def shutdown(self) -> None:
            exporter.shutdown()
            logging.getLogger(_LIBRARY).removeFilter(heard)

    return Once()


class _Heard(logging.Filter):
    """Keeps what the library says first of a batch, which names the cause, instead of letting it through."""

    first = ""

    def filter(self, record: logging.LogRecord) -> bool:
        self.first = self.first or record.getMessage()
        return False
