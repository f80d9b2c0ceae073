"""``presage surveil``: findings with their events, in a span, in a market; and what it refuses."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.bootstrap import open_presage
from adapters.settings import Settings
from application.requests import OrderAccepted, OrderRequest
from domain.identifiers import AccountId, Ticker
from domain.market.commands import CreateMarket
from domain.market.vocabulary import Action, Side
from domain.quantities import Money, Quantity, Ticks
from tests.acceptance.presage_process import presage_here


async def flickered(data: Path) -> None:
    """Fill a folder: in one of two markets an account takes off what it has just placed."""
    async with open_presage(Settings(data=data)) as presage:
        await presage.start()
        exchange, bad = presage.exchange, AccountId("bad")
        await exchange.operations.deposit(bad, Money(100_000_000), "start")
        for ticker in ("CALM", "RAIN"):
            await exchange.operations.create_market(
                CreateMarket(ticker=Ticker(ticker), title="?"), activate=True
            )
        for _ in range(30):
            request = OrderRequest(
                account_id=bad,
                ticker=Ticker("RAIN"),
                side=Side.YES,
                action=Action.BUY,
                quantity=Quantity(100),
                price_ticks=Ticks(4_000),
            )
            placed = await exchange.trading.place(request)
            assert isinstance(placed, OrderAccepted)
            assert isinstance(await exchange.trading.cancel(bad, placed.order.order_id), OrderAccepted)
            await asyncio.sleep(0.012)  # orders placed together count as one


@pytest.fixture
def surveil(tmp_path: Path) -> Callable[..., Any]:
    asyncio.run(flickered(tmp_path))

    def run(*options: str) -> Any:
        return presage_here("surveil", "--data", tmp_path, *options)

    return run


def test_findings_are_told_with_their_events_in_a_span_and_in_a_market(
    surveil: Callable[..., Any], tmp_path: Path
) -> None:
    whole = surveil("--json").json
    (finding,) = whole["findings"]
    assert (finding["rule"], finding["market"], finding["accounts"]) == ("rapid-cancel", "RAIN", ["bad"])
    assert (finding["value"], finding["threshold"], finding["window_s"]) == (20, 20, 60)
    assert finding["figures"] == {"orders": 20, "trades": 0, "lifetime_ms_most": 1000}
    assert finding["action"] == "alert"
    last = finding["events"][-1]
    shown = presage_here("inspect", last["stream"], "--data", tmp_path, "--json").stdout
    (event,) = [each for each in map(json.loads, shown.splitlines()) if each["revision"] == last["revision"]]
    assert event["type"] == "OrderCanceled"
    assert surveil("--json", "--market", "RAIN").json["findings"] == [finding]
    assert surveil("--json", "--market", "CALM").json["findings"] == []
    assert surveil("--json", "--from", finding["at"], "--to", finding["at"]).json["findings"] == [finding]
    assert surveil("--json", "--to", "2020-01-01").json["findings"] == []
    assert surveil("--json", "--from", "2100-01-01").json["findings"] == []
    printed = surveil().stdout
    assert "rapid-cancel" in printed
    assert "1 findings in 60 events" in printed
    assert surveil("--market", "CALM").stdout == "0 findings in 0 events\n"


def test_what_cannot_be_looked_for_is_refused(surveil: Callable[..., Any], tmp_path: Path) -> None:
    def refused(*options: str) -> tuple[int, str]:
        done = surveil("--json", *options)
        return done.status, done.json["error"]["code"]

    assert refused("--market", "NONE") == (1, "not_found")
    assert refused("--from", "yesterday") == (2, "usage")
    assert refused("--from", "2026-02-01", "--to", "2026-01-01") == (2, "usage")
    rules = tmp_path / "rules.toml"
    rules.write_text("[[rules]]\nid = 'x'\n")
    assert refused("--rules", str(rules)) == (1, "invalid_setting")
    rules.write_text('without = ["rapid-cancel"]\n')
    assert surveil("--json", "--rules", str(rules)).json["findings"] == []
