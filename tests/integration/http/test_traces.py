"""One order followed through its spans, from its request to whoever is told of it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from adapters.http.serving.serving import serving
from adapters.telemetry.tracing import opening
from adapters.telemetry.tracing.instruments import Instruments
from domain.identifiers import AccountId
from tests.integration.http.feed_client import feed_client
from tests.integration.http.world import ORDERS, Person, World, a_world

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


class Spans:
    """What was noted so far."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    def all(self, world: World) -> list[ReadableSpan]:
        tracing = world.presage.tracing
        assert isinstance(tracing, Instruments)
        tracing.flush()
        return list(self._exporter.get_finished_spans())

    def of(self, world: World, trace_id: str = TRACE) -> list[ReadableSpan]:
        return [span for span in self.all(world) if f"{span.context.trace_id:032x}" == trace_id]


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[Spans]:
    exporter = InMemorySpanExporter()
    monkeypatch.setattr(opening, "exporter_to", lambda _address: exporter)
    return Spans(exporter)


@pytest.fixture
async def world(tmp_path: Path, spans: Spans) -> AsyncIterator[World]:
    async with a_world(tmp_path, traces="http://127.0.0.1:4318/v1/traces") as opened:
        yield opened


def parents(found: list[ReadableSpan]) -> dict[str, str | None]:
    """Return the name of each span with that of its parent."""
    names = {span.context.span_id: span.name for span in found}
    return {span.name: names.get(span.parent.span_id) if span.parent else None for span in found}


async def test_one_order_is_followed_from_its_request_to_who_is_told_of_it(
    world: World, spans: Spans, market: str, ann: Person
) -> None:
    async with serving(world.presage.app, "127.0.0.1", 0) as served, feed_client(served.url) as listening:
        await listening.ask("subscribe", channels=["orderbook_delta"], market_ticker=market)
        await listening.next()
        body = {"ticker": market, "side": "yes", "action": "buy", "count": 3, "yes_price": 40}
        placed = await world.send(ann, "POST", ORDERS, body=body, headers={"traceparent": PARENT})
        assert placed.status_code == 201, placed.text
        await world.presage.shown()
        await world.presage.exchange.settled()
        await listening.next()
    found = spans.of(world)
    by_name = {span.name: span for span in found}
    request = by_name[f"POST {ORDERS}"]
    assert request.parent is not None
    assert f"{request.parent.span_id:016x}" == "00f067aa0ba902b7"
    assert dict(request.attributes or {}) == {
        "http.request.method": "POST",
        "http.route": ORDERS,
        "url.path": ORDERS,
        "http.response.status_code": 201,
    }
    tree = parents(found)
    assert tree["reserve"] == tree["place"] == f"POST {ORDERS}"
    assert (tree["project"], tree["feed"]) == ("place", "place")
    appends = {
        span.attributes["presage.stream"]: span.parent.span_id
        for span in found
        if span.name == "append" and span.attributes and span.parent
    }
    [ledger] = [stream for stream in appends if str(stream).startswith("ledger-")]
    reserve, place = by_name["reserve"].context, by_name["place"].context
    assert appends[f"market-{market}"] == place.span_id
    assert appends[ledger] in (reserve.span_id, place.span_id)
    correlation = (by_name["place"].attributes or {})["presage.correlation_id"]
    assert (by_name["reserve"].attributes or {})["presage.correlation_id"] == correlation


async def test_orders_that_are_appended_together_are_linked_to_one_span(
    world: World, spans: Spans, market: str, ann: Person
) -> None:
    traces = [f"{number:032x}" for number in (1, 2, 3)]
    body = {"ticker": market, "side": "yes", "action": "buy", "count": 3, "yes_price": 40}
    await asyncio.gather(
        *(
            world.send(ann, "POST", ORDERS, body=body, headers={"traceparent": f"00-{each}-{'1' * 16}-01"})
            for each in traces
        )
    )
    together = {
        frozenset(
            f"{context.trace_id:032x}" for context in (span.context, *(each.context for each in span.links))
        )
        for span in spans.all(world)
        if span.name == "append"
    }
    assert frozenset(traces) in together


async def test_a_request_without_a_trace_begins_one_and_one_that_is_not_to_be_traced_is_not(
    world: World, spans: Spans, market: str
) -> None:
    await world.client.get(f"/trade-api/v2/markets/{market}")
    [read] = [span for span in spans.all(world) if span.name == "GET /trade-api/v2/markets/{ticker}"]
    assert read.parent is None
    not_sampled = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-00"}
    await world.client.get(f"/trade-api/v2/markets/{market}", headers=not_sampled)
    nonsense = {"traceparent": "00-zz-00"}
    assert (await world.client.get("/trade-api/v2/markets", headers=nonsense)).status_code == 200
    assert spans.of(world) == []


async def test_what_is_traced_says_so_in_the_log_so_that_other_processes_go_on_with_it(
    world: World, spans: Spans, market: str, ann: Person
) -> None:
    await world.send(
        ann,
        "POST",
        ORDERS,
        body={"ticker": market, "side": "yes", "action": "buy", "count": 3, "yes_price": 40},
        headers={"traceparent": PARENT},
    )
    pages = world.presage.store.read_stream(f"market-{market}", from_revision=-1, backwards=True, limit=1)
    [last] = [event async for page in pages for event in page]
    assert f'"traceparent":"00-{TRACE}-'.encode() in last.metadata
    [place] = [span for span in spans.of(world) if span.name == "place"]

    other = InMemorySpanExporter()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "exporter_to", lambda _address: other)
        with opening.open_tracing(world.presage.settings, part="projector") as tracing:
            from adapters.event_schemas.codec import JsonCodec

            correlation = tracing.codec(JsonCodec()).decode(last).cause.correlation_id
            with tracing.spans.batch("project", [correlation]):
                pass
    [elsewhere] = other.get_finished_spans()
    assert elsewhere.parent is not None
    assert elsewhere.parent.trace_id == int(TRACE, 16)
    assert elsewhere.parent.span_id == place.context.span_id


async def test_nothing_is_noted_of_what_nobody_asked_for(world: World, spans: Spans) -> None:
    deposited = await world.presage.exchange.operations.deposit(AccountId("ann"), 5, "first")  # type: ignore[arg-type]
    assert await world.presage.reads.freshness.await_position(deposited.position, 5)  # type: ignore[union-attr]
    assert spans.all(world) == []


async def test_without_the_setting_there_is_no_part_that_traces(tmp_path: Path) -> None:
    async with a_world(tmp_path / "other") as world:
        assert not isinstance(world.presage.tracing, Instruments)
        await world.client.get("/healthz")
        assert trace.get_current_span().get_span_context().is_valid is False
        assert world.presage.tracing.headers() == {}
