"""Netting: nobody holds both outcomes of a market. A pair is worth a dollar whatever happens, and is paid."""

from collections.abc import Sequence
from itertools import islice
from operator import attrgetter

from domain.market.commands import TrimOffers
from domain.market.events import MarketEvent, PairsRedeemed
from domain.market.state import MarketState
from domain.market.trading import BATCH, trimmed
from domain.market.vocabulary import SELL, EndReason, Side
from domain.quantities import PAYOUT_TICKS, Money, Quantity


def redeem(state: MarketState) -> Sequence[MarketEvent]:
    """Redeem the pairs of the next accounts that came to hold any."""
    events: list[MarketEvent] = []
    for account_id, trade_id in islice(state.paired.items(), BATCH):
        position = state.positions[account_id]
        payout = PAYOUT_TICKS * position.pairs
        events.append(
            PairsRedeemed(
                account_id=account_id,
                quantity=Quantity(position.pairs),
                payout=Money(payout),
                locked=Money(max(0, payout - position.paid) if state.locks_proceeds else 0),
                trade_id=trade_id,
            )
        )
    return events


def trim(command: TrimOffers, state: MarketState) -> Sequence[MarketEvent]:
    """Make an account's offers no larger than what it holds, the latest first."""
    position, orders = state.positions[command.account_id], state.orders_by_account[command.account_id]
    over = {side: -position.free(side) for side in Side}
    offers = (order for order in reversed(orders.values()) if order.action is SELL)
    return trimmed(offers, over, attrgetter("side"), EndReason.PAIRS_REDEEMED, state)
