"""Spans of OpenTelemetry: every command is followed from the request it came with to whoever is told of it.

A command is known by its correlation id wherever it goes, so the span that it began in is remembered under
that id. What is done for several commands at once, such as an append, is one span: a child of the first
command's, with links to the others'.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from uuid import UUID

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Link, SpanContext
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

REMEMBERED = 100_000
"""So many commands are remembered; those before them are followed no further."""

LINKS = 128
"""So many commands of one batch are linked, which is the usual limit of a span."""

CORRELATION = "presage.correlation_id"
TRACEPARENT = "traceparent"

_W3C = TraceContextTextMapPropagator()


class Tracing:
    """Makes spans, and remembers which command belongs to which."""

    def __init__(self, provider: TracerProvider) -> None:
        self.tracer = provider.get_tracer("presage")
        self._known: dict[UUID, SpanContext] = {}

    # ------------------------------------------------------------------------------------ remembering

    def remember(self, identity: UUID, context: SpanContext) -> None:
        """Note in which span a command is now, if that is to be told at all."""
        if not (context.is_valid and context.trace_flags.sampled):
            return
        self._known[identity] = context
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]

    def remember_as_told(self, identity: UUID, traceparent: str) -> None:
        """Note what another process says of a command that began there."""
        if identity in self._known:
            return
        span = trace.get_current_span(self.extract({TRACEPARENT: traceparent}))
        self.remember(identity, span.get_span_context())

    def known(self, identities: Iterable[UUID]) -> Sequence[SpanContext]:
        """Return the spans of those commands that are known, each once."""
        found = (self._known.get(identity) for identity in identities)
        return list({context.span_id: context for context in found if context is not None}.values())

    # ------------------------------------------------------------------------------------------ spans

    @contextmanager
    def span(self, name: str, correlation_id: UUID) -> Iterator[object]:
        """Note a part of what is done for a command."""
        attributes = {CORRELATION: str(correlation_id)}
        with self.tracer.start_as_current_span(name, attributes=attributes) as span:
            self.remember(correlation_id, span.get_span_context())
            yield span

    def batch(
        self,
        name: str,
        correlation_ids: Iterable[UUID],
        attributes: Mapping[str, str | int] | None = None,
        began_ns: int | None = None,
    ) -> AbstractContextManager[object]:
        """Note what is done for several commands at once; nothing if none of them is known."""
        commands = self.known(correlation_ids)
        if not commands:
            return nullcontext()
        first, *others = commands
        return self.tracer.start_as_current_span(
            name,
            context=trace.set_span_in_context(trace.NonRecordingSpan(first), contexts.Context()),
            links=[Link(each) for each in others[:LINKS]],
            attributes={"presage.commands": len(commands), **(attributes or {})},
            start_time=began_ns,
        )

    # ---------------------------------------------------------------------- the headers of the W3C

    @staticmethod
    def extract(headers: Mapping[str, str]) -> contexts.Context:
        """Return the context that headers tell of; an empty one if they tell of none that is right."""
        return _W3C.extract(headers, contexts.Context())

    @staticmethod
    def headers() -> dict[str, str]:
        """Return the headers that tell others of the present span."""
        told: dict[str, str] = {}
        _W3C.inject(told)
        return told


def traceparent(context: SpanContext) -> str:
    """Return how others are told of a span."""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"
