"""Traces: asked for by a setting, refused without what makes them, bounded, passed on."""

import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import ValidationError
from starlette.types import Message, Receive, Scope, Send

from adapters.settings import Settings
from adapters.telemetry.tracing import spans
from adapters.telemetry.tracing.instruments import Instruments
from adapters.telemetry.tracing.opening import TracingNotInstalled, open_tracing
from adapters.telemetry.tracing.spans import Tracing, traceparent
from adapters.telemetry.tracing.untraced import Untraced
from application.ports.tracing import NO_SPANS

ADDRESS = "http://127.0.0.1:4318/v1/traces"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(exporter: InMemorySpanExporter) -> Iterator[TracerProvider]:
    made = TracerProvider(shutdown_on_exit=False)
    made.add_span_processor(SimpleSpanProcessor(exporter))
    yield made
    made.shutdown()


def test_without_an_address_every_part_stays_as_it_is() -> None:
    part = object()
    with open_tracing(Settings(data=Path("/somewhere")), part="exchange") as tracing:
        assert type(tracing) is Untraced
        assert tracing.spans is NO_SPANS
        for wrap in (tracing.codec, tracing.store, tracing.ids, tracing.sender, tracing.requests):
            assert wrap(part) is part  # type: ignore[operator]
        assert tracing.endpoint(part, "/") is part  # type: ignore[arg-type,comparison-overlap]


def test_traces_without_what_makes_them_are_refused_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    settings = Settings(data=Path("/somewhere"), traces=ADDRESS)
    with (
        pytest.raises(TracingNotInstalled, match=r"pip install 'presage\[traces\]'"),
        open_tracing(settings, part="exchange"),
    ):
        pass


@pytest.mark.parametrize("address", ["yes", "127.0.0.1:4318", "http://collector", "ftp://collector/"])
def test_what_is_no_address_of_a_collector_is_refused(address: str) -> None:
    with pytest.raises(ValidationError, match="traces"):
        Settings.from_environment({"PRESAGE_TRACES": address})


def test_a_collectors_password_is_not_shown() -> None:
    assert "secret" not in repr(Settings(traces="https://me:secret@collector/v1/traces"))


def test_only_the_latest_commands_are_remembered(
    provider: TracerProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "REMEMBERED", 10)
    tracing = Tracing(provider)
    for number in range(25):
        with tracing.span("reserve", UUID(int=number)):
            pass
    assert [number for number in range(25) if tracing.known([UUID(int=number)])] == list(range(15, 25))


def test_a_batch_of_commands_that_nobody_knows_is_no_span(
    provider: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    with Tracing(provider).batch("append", [UUID(int=1)]):
        pass
    assert exporter.get_finished_spans() == ()


async def test_a_request_that_is_passed_on_carries_the_span_it_is_in(
    provider: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    passed: list[Scope] = []

    async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
        passed.append(scope)
        await send({"type": "http.response.start", "status": 503, "headers": []})

    async def send(_message: Message) -> None:
        pass

    async def receive() -> Message:
        return {"type": "http.request"}

    came = (b"traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    scope = {"type": "http", "method": "GET", "path": "/a/b", "headers": [(b"accept", b"*/*"), came]}
    await Instruments(provider).endpoint(endpoint, "/a/{name}")(scope, receive, send)
    [span] = exporter.get_finished_spans()
    assert (span.name, span.status.is_ok) == ("GET /a/{name}", False)
    headers = passed[0]["headers"]
    assert headers == [(b"accept", b"*/*"), (b"traceparent", traceparent(span.context).encode())]
    assert span.parent is not None
    assert span.context.trace_id == span.parent.trace_id == 0x4BF92F3577B34DA6A3CE929D0E0E4736
