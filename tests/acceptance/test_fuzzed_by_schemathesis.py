"""Requests that an outsider makes up from the OpenAPI document: answered as it says, never a fault.

Every route is asked with a trader's and with an operator's key, on both kinds of read models. Every second
request names what there is, in place of what was made up: a name that nobody has gets no further than 404.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import requests
import schemathesis.openapi
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.acceptance.http_server import Server, presage_serve
from tests.databases import fresh_postgres
from tests.unit.http.keys import signed_headers

REQUESTS = int(os.environ.get("PRESAGE_SCHEMATHESIS_REQUESTS", "0")) or (
    1_000_000 if os.environ.get("PRESAGE_SOAK") == "1" else 20_000
)
"""How many requests in all, over both keys and both databases."""

CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
DELIBERATE = 503
PATIENCE_S = 240


class Signs(requests.auth.AuthBase):
    """Signs each request as it is sent."""

    def __init__(self, key_id: str, private_pem: str) -> None:
        self._key = key_id, private_pem

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        path = urlsplit(request.url or "").path
        request.headers.update(signed_headers(*self._key, request.method or "", path))
        return request


def what_there_is(server: Server, signs: Signs) -> dict[str, str]:
    """Make something of every kind; return the names, by what they are called in requests."""
    server.operate("/groups", {"group_id": "FED", "title": "The Fed", "series": "FEDS"})
    server.list_market("FED-CUT", group_id="FED")
    server.open_account("ann", dollars=1_000)
    portfolio = f"{server.url}/trade-api/v2/portfolio"

    def made(path: str, body: dict[str, object], *, method: str = "POST") -> dict[str, str]:
        answer = requests.request(method, f"{portfolio}/{path}", json=body, auth=signs, timeout=PATIENCE_S)
        assert answer.ok, answer.text
        document: dict[str, str] = answer.json()
        return document

    names = {"ticker": "FED-CUT", "group_id": "FED", "event_ticker": "FED", "series_ticker": "FEDS"}
    names |= {"market_ticker": "FED-CUT", "tickers": "FED-CUT", "market_tickers": "FED-CUT"}
    another = server.operate("/accounts/ann/api_keys/generate", {"name": "another"})
    names |= {"account_id": "ann", "entry": "0", "webhook": "hook", "api_key": another["api_key_id"]}
    made("webhooks/hook", {"url": "https://example.com/told"}, method="PUT")
    names |= made("order_groups/create", {"contracts_limit": 10})
    order = {"side": "yes", "action": "buy", "count": 5, "yes_price": 40}
    [placed] = made("orders", {"ticker": "FED-CUT", **order}).values()
    return names | {"order_id": placed["order_id"]}  # type: ignore[index]


def name_what_there_is(case: schemathesis.Case, names: dict[str, str]) -> None:
    """Put names that there are in the place of those that were made up."""
    for part in (case.path_parameters, case.query, case.body):
        if isinstance(part, dict):
            part.update({name: value for name, value in names.items() if name in part})


def fuzz(server: Server, signs: Signs, names: dict[str, str], examples: int) -> dict[int, int]:
    """Ask every route; return how often each status was answered."""
    schema = schemathesis.openapi.from_dict(
        httpx.get(f"{server.url}/openapi.json", timeout=PATIENCE_S).json()
    )
    statuses: dict[int, int] = {}
    turns = count()
    with requests.Session() as session:
        for found in schema.get_all_operations():
            operation = found.ok()

            @settings(
                max_examples=examples,
                derandomize=True,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy())
            def ask(case: schemathesis.Case) -> None:
                if next(turns) % 2:
                    name_what_there_is(case, names)
                answer = case.call(server.url, session=session, auth=signs, timeout=PATIENCE_S)
                statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
                assert answer.status_code < 500 or answer.status_code == DELIBERATE, answer.text
                case.validate_response(answer, checks=CHECKS)

            ask()
    return statuses


@pytest.fixture(params=["sqlite", "postgres"])
def server(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    with ExitStack() as stack:
        if request.param == "postgres":
            monkeypatch.setenv("DATABASE_URL", stack.enter_context(fresh_postgres()))
        yield stack.enter_context(presage_serve(tmp_path))


TRADER = ["read", "write"]
OPERATOR = [*TRADER, "admin"]


def fuzz_as(server: Server, scopes: list[str], examples: int) -> dict[int, int]:
    """Ask every route so often, with a key that has these scopes."""
    key = server.operate("/accounts/ann/api_keys/generate", {"name": "fuzz", "scopes": scopes})
    signs = Signs(key["api_key_id"], key["private_key"])
    statuses = fuzz(server, signs, what_there_is(server, signs), examples)
    assert httpx.get(f"{server.url}/readyz", timeout=PATIENCE_S).status_code == 200
    return statuses


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
def test_a_little_made_up_from_the_document_is_answered_as_it_says(server: Server) -> None:
    assert {200, 400} <= set(fuzz_as(server, OPERATOR, 2))


@pytest.mark.more
@pytest.mark.parametrize("scopes", [TRADER, OPERATOR], ids=["trader", "operator"])
def test_everything_made_up_from_the_document_is_answered_as_it_says(
    server: Server, scopes: list[str]
) -> None:
    routes = len(httpx.get(f"{server.url}/openapi.json", timeout=PATIENCE_S).json()["paths"])
    assert {200, 400} <= set(fuzz_as(server, scopes, REQUESTS // 4 // routes))
