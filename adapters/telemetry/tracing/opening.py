"""Opens tracing, if the settings ask for it: spans go to a collector by OTLP over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from adapters.settings import Settings
from adapters.telemetry.tracing.untraced import Untraced

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter


class TracingNotInstalled(Exception):
    """Traces are asked for, and what makes them is not installed."""


@contextmanager
def open_tracing(settings: Settings, *, part: str) -> Iterator[Untraced]:
    """Follow orders until the end of the block, if that is asked for. ``part`` says which process this is.

    Raises :class:`TracingNotInstalled`.
    """
    if settings.traces is None:
        yield Untraced()
        return
    try:
        # OpenTelemetry takes a while to be loaded, and need not be installed.
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        from adapters.telemetry.tracing.instruments import Instruments  # noqa: PLC0415

        exporter = exporter_to(settings.traces)
    except ImportError as error:
        raise TracingNotInstalled(
            "PRESAGE_TRACES is set, and OpenTelemetry is not installed: pip install 'presage[traces]'"
        ) from error
    resource = Resource.create({"service.name": "presage", "presage.part": part})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    try:
        yield Instruments(provider)
    finally:
        provider.shutdown()


def exporter_to(address: str) -> "SpanExporter":
    """Return what sends spans to a collector."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

    return OTLPSpanExporter(endpoint=address)
