"""Amending, decreasing, cancelling."""

from typing import Any

from domain.identifiers import AccountId, OrderId
from domain.market import commands as c
from domain.market import events as e
from domain.market.trading import BATCH
from domain.market.vocabulary import EndReason, SelfTradePrevention, Side
from domain.quantities import MAX_VOLUME, Money
from domain.rejections import Reason
from tests.unit.domain.trading_words import (
    ANN,
    BOB,
    CAT,
    PLENTY,
    TAKER_FEES,
    Market,
    buy,
    depth,
    dollars,
    ends,
    fills,
    holding,
    hundredths,
    sell,
    ticks,
    trading,
)


def amend(name: str, account: AccountId = ANN, **changes: Any) -> c.AmendOrder:
    return c.AmendOrder(
        **{
            "order_id": OrderId(name),
            "account_id": account,
            "amendment_id": "first",
            "extra": Money(PLENTY),
            **changes,
        }
    )


def decrease(name: str, account: AccountId = ANN, **changes: Any) -> c.DecreaseOrder:
    return c.DecreaseOrder(order_id=OrderId(name), account_id=account, **changes)


def cancel(name: str, account: AccountId = ANN) -> c.CancelOrder:
    return c.CancelOrder(order_id=OrderId(name), account_id=account)


def queue(market: Market) -> list[str]:
    """Name who bids for yes, first come first."""
    return [order.order_id for level in market.state.book.yes.down_from_best() for order in level]


# ----------------------------------------------------------------------------------------- amend


def test_a_new_price_moves_an_order_to_the_back_of_that_price() -> None:
    market = trading().and_then(buy("a", ANN, 5, 40), buy("b", BOB, 5, 50))
    outcome = market.when(amend("a", price_ticks=ticks(50), extra=dollars(0.60)))
    outcome.then(
        e.OrderAmended(
            order_id=OrderId("a"),
            account_id=ANN,
            client_order_id="a",
            price_ticks=ticks(50),
            remaining=hundredths(5),
            rests=hundredths(5),
            reserved=dollars(2.50),
            extra=dollars(0.60),
            amendment_id="first",
        )
    )
    assert queue(market) == ["b", "a"]


def test_growing_costs_the_place_in_the_queue() -> None:
    market = trading().and_then(buy("a", ANN, 5, 40), buy("b", BOB, 5, 40))
    market.when(amend("a", total=hundredths(6))).then(e.OrderAmended)
    assert queue(market) == ["b", "a"]


def test_getting_smaller_keeps_the_place_in_the_queue() -> None:
    market = trading().and_then(buy("a", ANN, 5, 40), buy("b", BOB, 5, 40))
    market.when(amend("a", total=hundredths(2))).then(
        e.OrderDecreased(
            order_id=OrderId("a"), account_id=ANN, quantity=hundredths(3), reserved=dollars(0.80)
        )
    )
    assert queue(market) == ["a", "b"]
    assert depth(market) == [(40, 7)]


def test_an_amendment_to_what_stands_already_does_nothing() -> None:
    market = trading().and_then(buy("a", ANN, 5, 40))
    market.when(amend("a", total=hundredths(5), price_ticks=ticks(40))).then()


def test_an_amended_order_trades_at_once_where_its_new_price_allows() -> None:
    market = trading().and_then(buy("b", BOB, 3, 50, side=Side.NO), buy("a", ANN, 5, 40))
    outcome = market.when(amend("a", price_ticks=ticks(55)))
    outcome.then(e.OrderAmended, e.TradeExecuted)
    assert fills(outcome) == [("b", "a", 50, 3)]
    assert depth(market) == [(55, 2)]


def test_the_total_of_an_amendment_counts_what_has_filled() -> None:
    market = trading().and_then(buy("a", ANN, 5, 40), buy("b", BOB, 3, 60, side=Side.NO))
    outcome = market.when(amend("a", total=hundredths(10)))
    assert outcome.of(e.OrderAmended)[0].remaining == hundredths(7)


def test_an_amendment_below_what_has_filled_is_refused() -> None:
    market = trading().and_then(buy("a", ANN, 5, 40), buy("b", BOB, 3, 60, side=Side.NO))
    market.when(amend("a", total=hundredths(2))).then(Reason.INVALID_QUANTITY)


def test_an_order_amended_to_exactly_what_has_filled_ends() -> None:
    market = trading().and_then(buy("a", ANN, 5, 40), buy("b", BOB, 3, 60, side=Side.NO))
    assert ends(market.when(amend("a", total=hundredths(3)))) == [("a", 2, "requested")]
    assert not market.state.orders


def test_what_is_left_below_the_smallest_order_can_be_repriced_and_made_smaller_but_not_grow() -> None:
    market = trading(quantity_min=hundredths(3)).and_then(
        buy("a", ANN, 5, 40), buy("b", BOB, 3, 60, side=Side.NO)
    )
    market.when(amend("a", price_ticks=ticks(41))).then(e.OrderAmended)
    market.when(amend("a", total=hundredths(4.5))).then(e.OrderDecreased)
    market.when(amend("a", total=hundredths(4), price_ticks=ticks(42))).then(e.OrderAmended)
    market.when(amend("a", total=hundredths(5))).then(Reason.QUANTITY_OFF_STEP)
    market.when(amend("a", total=hundredths(6))).then(e.OrderAmended)


def test_an_order_that_keeps_its_place_gets_its_new_client_id_all_the_same() -> None:
    renamed = e.OrderRenamed(
        order_id=OrderId("a"), account_id=ANN, client_order_id="new", amendment_id="first"
    )
    for changes, then in (
        ({"total": hundredths(2)}, [e.OrderDecreased]),
        ({"price_ticks": ticks(40)}, []),
        ({}, []),
    ):
        market = trading().and_then(buy("a", ANN, 5, 40), buy("b", BOB, 5, 40))
        market.when(amend("a", client_order_id="new", **changes)).then(renamed, *then)
        assert market.state.orders[OrderId("a")].client_order_id == "new"
        assert queue(market) == ["a", "b"]


def test_an_order_that_is_called_so_already_is_not_renamed() -> None:
    market = trading().and_then(buy("a", ANN, 5, 40))
    market.when(amend("a", client_order_id="a", total=hundredths(2))).then(e.OrderDecreased)


# ------------------------------------------------------------------------------ given up amendments


def abandon(name: str, amendment: str = "first") -> c.AbandonAmendment:
    return c.AbandonAmendment(order_id=OrderId(name), account_id=ANN, amendment_id=amendment)


def test_an_amendment_that_was_ruled_out_is_not_made_later_and_another_one_is() -> None:
    market = trading().and_then(buy("a", ANN, 5, 40))
    market.when(abandon("a")).then(
        e.AmendmentAbandoned(order_id=OrderId("a"), account_id=ANN, amendment_id="first")
    )
    market.when(amend("a", price_ticks=ticks(41))).then(Reason.TOO_LATE)
    market.when(amend("a", price_ticks=ticks(41), amendment_id="second")).then(e.OrderAmended)


def test_an_amendment_is_ruled_out_once() -> None:
    market = trading().and_then(buy("a", ANN, 5, 40), abandon("a"))
    market.when(abandon("a")).then()
    market.when(abandon("a", "second")).then(e.AmendmentAbandoned)


def test_amendments_that_were_ruled_out_are_forgotten_with_their_order() -> None:
    market = trading().and_then(buy("a", ANN, 5, 40), abandon("a"), cancel("a"))
    assert market.state.abandoned_amendments == {}
    market.when(abandon("a")).then()
    market.when(amend("a", price_ticks=ticks(41))).then(Reason.ORDER_NOT_FOUND)


def test_an_amendment_can_give_another_client_id() -> None:
    market = trading().and_then(buy("a", ANN, 5, 40))
    market.and_then(amend("a", price_ticks=ticks(41), client_order_id="new"))
    assert market.state.orders[OrderId("a")].client_order_id == "new"


def test_an_amendment_without_the_money_for_it_is_refused() -> None:
    market = trading(TAKER_FEES).and_then(buy("a", ANN, 5, 40))
    # $2.00 and a worst-case fee of 0.07 x 0.4 x 0.6 x 5 = $0.084 are held; $2.50 and $0.0875 are needed.
    market.when(amend("a", price_ticks=ticks(50), extra=dollars(0.499_999))).then(
        Reason.RESERVATION_TOO_SMALL
    )
    market.when(amend("a", price_ticks=ticks(50), extra=dollars(0.50))).then(e.OrderAmended)


def test_an_amended_sale_needs_the_shares() -> None:
    market = holding(trading(), ANN, 5).and_then(sell("a", ANN, 3, 80))
    market.when(amend("a", total=hundredths(6))).then(Reason.INSUFFICIENT_SHARES)
    market.when(amend("a", total=hundredths(5))).then(e.OrderAmended)


def test_an_amended_purchase_stays_within_the_maximum_position() -> None:
    market = trading(position_limit=hundredths(10)).and_then(buy("a", ANN, 5, 40), buy("b", ANN, 3, 30))
    market.when(amend("a", total=hundredths(8))).then(Reason.POSITION_LIMIT)
    market.when(amend("a", total=hundredths(7))).then(e.OrderAmended)


def test_an_amendment_keeps_to_the_grid_the_range_and_the_step() -> None:
    market = trading(price_max_ticks=ticks(90), quantity_step=hundredths(1)).and_then(buy("a", ANN, 5, 40))
    market.when(amend("a", price_ticks=ticks(40.5))).then(Reason.PRICE_OFF_TICK)
    market.when(amend("a", price_ticks=ticks(91))).then(Reason.PRICE_OUT_OF_RANGE)
    market.when(amend("a", price_ticks=ticks(100))).then(Reason.INVALID_PRICE)
    market.when(amend("a", total=hundredths(5.5))).then(Reason.QUANTITY_OFF_STEP)


def test_amending_an_order_of_another_account_or_one_that_filled_is_refused() -> None:
    market = trading().and_then(buy("a", ANN, 5, 40))
    market.when(amend("a", BOB, price_ticks=ticks(41))).then(Reason.ORDER_NOT_FOUND)
    market.and_then(buy("b", BOB, 5, 60, side=Side.NO))
    market.when(amend("a", price_ticks=ticks(41))).then(Reason.ORDER_NOT_FOUND)


def test_orders_are_not_amended_while_the_market_is_paused() -> None:
    market = trading().and_then(buy("a", ANN, 5, 40), c.PauseMarket())
    market.when(amend("a", price_ticks=ticks(41))).then(Reason.MARKET_PAUSED)


def test_a_waiting_stop_is_not_amended() -> None:
    from domain.market.vocabulary import OrderType

    stop = buy("a", ANN, 5, 40, order_type=OrderType.STOP, stop_price_ticks=ticks(60))
    trading().and_then(stop).when(amend("a", price_ticks=ticks(41))).then(Reason.INVALID_ORDER)


def test_a_post_only_order_amended_into_another_is_refused_even_into_its_own_accounts() -> None:
    market = trading().and_then(
        buy("b", BOB, 1, 50, side=Side.NO),
        buy("own", ANN, 1, 52, side=Side.NO),
        buy("a", ANN, 5, 40, post_only=True),
    )
    market.when(amend("a", price_ticks=ticks(48))).then(Reason.POST_ONLY_WOULD_CROSS)
    market.when(amend("a", price_ticks=ticks(50))).then(Reason.POST_ONLY_WOULD_CROSS)
    market.when(amend("a", price_ticks=ticks(47))).then(e.OrderAmended)


def test_an_order_amended_into_its_own_accounts_order_lapses_or_takes_that_off() -> None:
    own = buy("own", ANN, 1, 50, side=Side.NO)
    market = trading().and_then(own, buy("a", ANN, 5, 40))
    assert ends(market.when(amend("a", price_ticks=ticks(50)))) == [("a", 5, "self_trade_prevention")]

    maker_gives_way = buy("a", ANN, 5, 40, self_trade_prevention=SelfTradePrevention.MAKER)
    market = trading().and_then(own, maker_gives_way)
    assert ends(market.when(amend("a", price_ticks=ticks(50)))) == [("own", 1, "self_trade_prevention")]
    assert depth(market) == [(50, 5)]


# -------------------------------------------------------------------------------------- decrease


def test_an_order_is_decreased_by_or_to_a_quantity_and_keeps_its_place() -> None:
    market = trading().and_then(buy("a", ANN, 5, 40), buy("b", BOB, 5, 40))
    market.when(decrease("a", by=hundredths(1))).then(e.OrderDecreased)
    market.when(decrease("a", to=hundredths(2))).then(e.OrderDecreased)
    assert queue(market) == ["a", "b"]
    assert market.state.orders[OrderId("a")].remaining == hundredths(2)
    assert market.state.orders[OrderId("a")].reserved == dollars(0.80)


def test_decreasing_to_nothing_or_by_everything_is_a_cancel() -> None:
    for change in ({"to": hundredths(0)}, {"by": hundredths(5)}, {"by": hundredths(50)}):
        market = trading().and_then(buy("a", ANN, 5, 40))
        assert ends(market.when(decrease("a", **change))) == [("a", 5, "requested")]


def test_an_order_is_not_increased_and_not_decreased_off_the_step() -> None:
    market = trading(quantity_step=hundredths(1)).and_then(buy("a", ANN, 5, 40))
    market.when(decrease("a", to=hundredths(6))).then(Reason.INVALID_QUANTITY)
    market.when(decrease("a", to=hundredths(-1))).then(Reason.INVALID_QUANTITY)
    market.when(decrease("a", by=hundredths(-1))).then(Reason.INVALID_QUANTITY)
    market.when(decrease("a", by=hundredths(0.5))).then(Reason.INVALID_QUANTITY)
    market.when(decrease("a", BOB, by=hundredths(1))).then(Reason.ORDER_NOT_FOUND)


def test_a_decrease_that_changes_nothing_says_so() -> None:
    market = trading().and_then(buy("a", ANN, 5, 40))
    market.when(decrease("a", to=hundredths(5))).then()


# ---------------------------------------------------------------------------------------- cancel


def test_a_cancelled_order_is_gone_and_cannot_be_cancelled_again() -> None:
    market = trading().and_then(buy("a", ANN, 5, 40))
    market.when(cancel("a")).then(
        e.OrderCanceled(
            order_id=OrderId("a"),
            account_id=ANN,
            quantity=hundredths(5),
            reason=EndReason.REQUESTED,
        )
    )
    market.when(cancel("a")).then(Reason.ORDER_NOT_FOUND)
    assert (depth(market), market.state.positions) == ([], {})


def test_only_the_owner_cancels_an_order() -> None:
    trading().and_then(buy("a", ANN, 5, 40)).when(cancel("a", BOB)).then(Reason.ORDER_NOT_FOUND)


def test_orders_can_be_cancelled_while_the_market_is_paused() -> None:
    market = trading().and_then(buy("a", ANN, 5, 40), c.PauseMarket())
    market.when(cancel("a")).then(e.OrderCanceled)


def test_shares_offered_are_free_again_once_the_offer_is_cancelled() -> None:
    market = holding(trading(), ANN, 5).and_then(sell("a", ANN, 5, 80))
    market.when(sell("b", ANN, 1, 80)).then(Reason.INSUFFICIENT_SHARES)
    market.and_then(cancel("a")).when(sell("c", ANN, 5, 80)).then(e.OrderPlaced)


def test_cancelling_in_the_middle_of_a_queue_leaves_the_others_in_order() -> None:
    market = trading().and_then(*(buy(name, ANN, 1, 40) for name in "abcd"))
    market.and_then(cancel("b"), cancel("d"))
    assert queue(market) == ["a", "c"]
    market.and_then(cancel("a"), buy("e", BOB, 1, 40))
    assert queue(market) == ["c", "e"]


def test_many_orders_of_an_account_are_cancelled_at_once() -> None:
    def everybody() -> Market:
        return trading().and_then(buy("a1", ANN, 1, 40), buy("a2", ANN, 1, 41), buy("b", BOB, 1, 42))

    anns = everybody().when(c.CancelOrders(account_id=ANN))
    assert [name for name, _, _ in ends(anns)] == ["a1", "a2"]
    assert ends(everybody().when(c.CancelOrders(account_id=CAT))) == []


def test_very_many_orders_are_cancelled_a_batch_at_a_time() -> None:
    market = trading()
    for number in range(BATCH + 1):
        market.and_then(buy(f"o{number}", ANN, 1, 40))
    assert len(ends(market.when(c.CancelOrders(account_id=ANN)))) == BATCH
    assert ends(market.when(c.CancelOrders(account_id=ANN))) == [(f"o{BATCH}", 1, "requested")]


# --------------------------------------------------------------------------------------- abandon


def test_an_abandoned_order_is_never_placed() -> None:
    market = trading()
    abandon = c.AbandonPlacement(order_id=OrderId("a"), account_id=ANN)
    market.when(abandon).then(e.PlacementAbandoned(order_id=OrderId("a"), account_id=ANN))
    market.when(abandon).then()
    market.when(buy("a", ANN, 5, 40)).then(Reason.ORDER_EXISTS)


def test_an_order_that_was_placed_is_not_abandoned() -> None:
    market = trading().and_then(buy("a", ANN, 5, 40))
    market.when(c.AbandonPlacement(order_id=OrderId("a"), account_id=ANN)).then()


def test_an_amendment_does_not_take_a_market_beyond_its_volume() -> None:
    market = trading().and_then(buy("o", ANN, 10, 40))
    market.state.volume = MAX_VOLUME - 1_000
    market.when(amend("o", total=hundredths(11))).then(Reason.VOLUME_LIMIT)
    market.when(amend("o", price_ticks=ticks(41))).then(e.OrderAmended)
