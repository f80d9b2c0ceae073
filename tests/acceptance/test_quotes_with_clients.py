"""Requests for quotes with clients that others wrote, unchanged but for their host."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.http_server import Server, presage_serve

kalshi = pytest.importorskip("kalshi_python_sync")
pykalshi = pytest.importorskip("pykalshi")

RAIN = "RAIN"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with presage_serve(tmp_path_factory.mktemp("data")) as running:
        running.list_market(RAIN)
        yield running


def client_of(server: Server, account: str) -> "kalshi.KalshiClient":
    key_id, private_pem = server.open_account(account, dollars=100)
    configuration = kalshi.Configuration(host=f"{server.url}/trade-api/v2")
    configuration.api_key_id, configuration.private_key_pem = key_id, private_pem
    return kalshi.KalshiClient(configuration)


def pykalshi_of(server: Server, account: str, folder: Path) -> "pykalshi.KalshiClient":
    key_id, private_pem = server.open_account(account, dollars=100)
    path = folder / f"{account}.pem"
    path.write_text(private_pem)
    return pykalshi.KalshiClient(
        api_key_id=key_id, private_key_path=str(path), api_base=f"{server.url}/trade-api/v2"
    )


def test_kalshis_own_client_asks_answers_accepts_and_confirms(server: Server) -> None:
    asker, maker, other = (client_of(server, name) for name in ("ann", "bob", "cat"))
    asked = asker.create_rfq(market_ticker=RAIN, contracts=7, rest_remainder=False, replace_existing=True)
    request = maker.get_rfq(asked.id).rfq
    assert (request.status, request.contracts, request.market_ticker) == ("open", 7, RAIN)
    assert request.creator_id == asker.get_communications_id().communications_id
    assert [each.id for each in maker.get_rfqs(status="open", market_ticker=RAIN).rfqs] == [asked.id]
    quoted = maker.create_quote(rfq_id=asked.id, yes_bid="0.6200", no_bid="0.3600", rest_remainder=False)
    worse = other.create_quote(rfq_id=asked.id, yes_bid="0.6100", no_bid="0.0000", rest_remainder=False)
    bids = {each.id: each.yes_bid for each in asker.get_quotes(rfq_id=asked.id).quotes}
    assert bids == {quoted.id: 62, worse.id: 61}
    asker.accept_quote(quoted.id, accepted_side="true")
    assert maker.get_quote(quoted.id).quote.status == "accepted"
    maker.confirm_quote(quoted.id)
    done = asker.get_quote(quoted.id).quote
    assert (done.status, done.contracts, done.yes_bid_dollars) == ("executed", 7, "0.6200")
    assert other.get_quote(worse.id).quote.status == "cancelled"
    order = maker.get_order(maker.get_quote(quoted.id).quote.creator_order_id).order
    assert (order.status.value, order.side, order.yes_price) == ("executed", "yes", 62)
    (fill,) = maker.get_fills(ticker=RAIN).fills
    assert (fill.count, fill.yes_price, fill.is_taker) == (7, 62, False)
    with pytest.raises(kalshi.exceptions.ApiException) as refused:
        other.confirm_quote(quoted.id)
    assert refused.value.status == 404


def test_pykalshi_asks_and_answers(server: Server, tmp_path: Path) -> None:
    asker, maker = (pykalshi_of(server, name, tmp_path) for name in ("dan", "eve"))
    with asker, maker:
        asked = asker.communications.create_rfq(RAIN, target_cost_dollars="10.00")
        (request,) = maker.communications.get_rfqs(market_ticker=RAIN, status="open")
        assert (request.rfq_id, request.target_cost_dollars) == (asked.rfq_id, "10.0000")
        made = maker.communications.create_quote(asked.rfq_id, yes_bid="0.55", no_bid="0.40")
        (told,) = asker.communications.get_quotes(rfq_creator_user_id="dan")
        assert (told.quote_id, told.yes_bid_dollars, told.no_bid_dollars) == (
            made.quote_id,
            "0.5500",
            "0.4000",
        )
