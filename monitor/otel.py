"""The spans of `traces` as OpenTelemetry makes them. Needs the extra `otel`."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, Status, StatusCode

import monitor
from monitor.redaction import redact
from monitor.traces import Value

NAMESPACE = "fdi_monitor"
MOST = 20_000
"""Alerts and messages of which the span is kept; the one that was kept first goes first."""
MOST_LINKS = 100

_OUTERMOST: ContextVar[Span | None] = ContextVar("outermost", default=None)


@dataclass(frozen=True, slots=True)
class _Kept:
    context: SpanContext
    links: tuple[Link, ...] = ()


class Otel:
    """Makes spans by `provider`. What is kept for later is in this process alone."""

    def __init__(self, provider: TracerProvider, *, most: int = MOST) -> None:
        self._tracer = provider.get_tracer("fdi-monitor", monitor.__version__)
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._most = most

    @contextmanager
    def span(self, name: str, within: str, attributes: dict[str, Value]) -> Iterator[None]:
        """A span around the block. An error that leaves it is told by its name: its text stays in the log."""
        kept = self._kept.get(within)
        context = trace.set_span_in_context(NonRecordingSpan(kept.context)) if kept else None
        outermost = context is not None or not trace.get_current_span().get_span_context().is_valid
        with self._tracer.start_as_current_span(
            name,
            context=context,
            links=kept.links if kept else (),
            attributes=_named(attributes),
            record_exception=False,
            set_status_on_exception=False,
        ) as made:
            token = _OUTERMOST.set(made) if outermost else None
            try:
                yield
            except Exception as error:
                made.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise
            finally:
                if token is not None:
                    _OUTERMOST.reset(token)

    def note(self, attributes: dict[str, Value]) -> None:
        """Adds to the present span."""
        trace.get_current_span().set_attributes(_named(attributes))

    def failed(self, reason: str) -> None:
        """Says that what the present span is about went wrong."""
        trace.get_current_span().set_status(Status(StatusCode.ERROR, redact(reason)))

    def mark(self, keys: Iterable[str]) -> None:
        """Keeps the outermost span that is present under these keys."""
        made = _OUTERMOST.get()
        if made is not None and made.get_span_context().trace_flags.sampled:
            self._keep(keys, _Kept(made.get_span_context()))

    def hand_on(self, keys: Iterable[str], to: Collection[str]) -> None:
        """Links the present span to those kept under `keys`, and keeps it with its links under the names `to`."""
        made = trace.get_current_span()
        found = {kept.context.span_id: kept.context for key in keys if (kept := self._kept.get(key)) is not None}
        links = [Link(context) for context in found.values()][:MOST_LINKS]
        for link in links:
            made.add_link(link.context)
        self._keep(to, _Kept(made.get_span_context(), tuple(links)))

    def _keep(self, names: Iterable[str], kept: _Kept) -> None:
        for name in names:
            self._kept[name] = kept
            self._kept.move_to_end(name)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)


def _named(attributes: dict[str, Value]) -> dict[str, Value | Sequence[str]]:
    return {
        f"{NAMESPACE}.{name}": redact(value) if isinstance(value, str) else value for name, value in attributes.items()
    }
