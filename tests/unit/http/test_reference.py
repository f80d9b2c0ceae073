"""The reference is made from the routes and the models, so it cannot fall behind them."""

import asyncio
import re
import threading
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any

import pytest

from adapters.http.app import OPERATIONS
from adapters.http.operations import Access, Operation
from adapters.http.reference.openapi import openapi_document
from adapters.http.reference.reference_page import reference_page
from adapters.http.routes import reference


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi_document(OPERATIONS)


def test_every_route_is_in_the_document_once(document: dict[str, Any]) -> None:
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(operation.method, operation.path) for operation in OPERATIONS}
    assert len(described) == len(OPERATIONS)


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    ids = [entry["operationId"] for methods in document["paths"].values() for entry in methods.values()]
    assert len(ids) == len(set(ids))


def test_exactly_the_routes_that_are_not_public_ask_for_a_signature(document: dict[str, Any]) -> None:
    for operation in OPERATIONS:
        entry = document["paths"][operation.path][operation.method.lower()]
        assert ("security" in entry) == (operation.access is not Access.PUBLIC), operation.path


def references(part: Any) -> set[str]:
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*(references(inner) for inner in part.values()))
    if isinstance(part, list):
        return set().union(*(references(inner) for inner in part))
    return set()


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references(document) <= known


def test_the_fields_of_an_order_are_described(document: dict[str, Any]) -> None:
    body = document["components"]["schemas"]["OrderBody"]
    assert set(body["required"]) == {"ticker", "side", "action"}
    assert body["additionalProperties"] is False
    assert {"market_version", "max_latency_ms", "stop_price"} <= set(body["properties"])


def test_readiness_has_one_shape_whether_or_not_requests_may_be_sent(document: dict[str, Any]) -> None:
    answers = document["paths"]["/readyz"]["get"]["responses"]
    shape = {"application/json": {"schema": {"$ref": "#/components/schemas/ReadinessAnswer"}}}
    assert (answers["200"]["content"], answers["503"]["content"]) == (shape, shape)
    condition = document["components"]["schemas"]["ConditionAnswer"]
    assert condition["required"] == ["part", "code", "stops", "message"]


def test_every_status_is_named_and_none_is_left_to_a_default(document: dict[str, Any]) -> None:
    for operation in OPERATIONS:
        named = set(document["paths"][operation.path][operation.method.lower()]["responses"])
        assert all(re.fullmatch(r"[1-5]\d\d", status) for status in named), (operation.path, named)
        assert str(operation.status) in named, (operation.path, named)
        assert {"400", "401", "403", "413", "429", "503"} <= named, (operation.path, named)
        assert "500" not in named, "a fault is not a way to answer"


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids.add(found.get("id") or "")
        self.links.add(found.get("href") or found.get("src") or "")


def test_the_page_shows_every_route_and_loads_nothing_from_elsewhere(document: dict[str, Any]) -> None:
    html = reference_page(document)
    page = _Page()
    page.feed(html)
    assert all(operation.path in html for operation in OPERATIONS)
    assert not [link for link in page.links if "//" in link]
    assert {link[1:] for link in page.links if link.startswith("#")} <= page.ids


async def test_the_reference_is_made_once_and_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    makers: list[threading.Thread] = []

    def made(operations: Sequence[Operation]) -> dict[str, Any]:
        makers.append(threading.current_thread())
        return openapi_document(operations[:1])

    monkeypatch.setattr(reference, "openapi_document", made)
    call: Any = None
    document, page = reference.reference_routes(OPERATIONS[:1])
    handlers = [each.handler(call) for each in (document, document, page) for _ in range(3)]
    answers = await asyncio.gather(*handlers)
    assert len(makers) == 1
    assert makers[0] is not threading.main_thread()
    assert len({answer.content for answer in answers}) == 2
