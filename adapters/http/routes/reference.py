"""The reference: the OpenAPI document and the page made from it, both when they are first asked for."""

import asyncio
from collections.abc import Callable, Sequence
from functools import cache
from threading import Lock
from typing import Any

import orjson

from adapters.http.operations import Access, NoQuery, Operation, ReadCall, Reading, Reply
from adapters.http.reference.openapi import openapi_document
from adapters.http.reference.reference_page import reference_page


def reference_routes(operations: Sequence[Operation]) -> tuple[Operation, ...]:
    """Return the routes that publish what ``operations`` are, themselves included."""

    @cache
    def document() -> dict[str, Any]:
        return openapi_document((*operations, *routes))

    @cache
    def document_json() -> bytes:
        return orjson.dumps(document())

    @cache
    def page_html() -> bytes:
        return reference_page(document()).encode()

    making = Lock()

    def made(make: Callable[[], bytes]) -> bytes:
        with making:
            return make()

    async def openapi(_: ReadCall[NoQuery, None]) -> Reply:
        # A third of a second of work, which must keep nobody waiting.
        return Reply(content=await asyncio.to_thread(made, document_json))

    async def page(_: ReadCall[NoQuery, None]) -> Reply:
        return Reply(content=await asyncio.to_thread(made, page_html))

    routes = (
        Reading(
            method="GET",
            path="/openapi.json",
            access=Access.PUBLIC,
            handler=openapi,
            summary="This interface as an OpenAPI document",
            answer=dict[str, Any],
            needs_exchange=False,
        ),
        Reading(
            method="GET",
            path="/docs",
            access=Access.PUBLIC,
            handler=page,
            summary="This interface as a page to read",
            answer=str,
            needs_exchange=False,
            media_type="text/html; charset=utf-8",
        ),
    )
    return routes
