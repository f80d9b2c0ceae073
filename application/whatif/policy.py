"""Other rules for recorded flow: other fees, another price grid, somebody else who gives way."""

from dataclasses import dataclass
from enum import StrEnum

from msgspec.structs import replace

from application.whatif.flow import Fact, OrderAsked
from domain.fees import FeeSchedule
from domain.market import commands as c
from domain.market import events as e
from domain.market.state import MarketState
from domain.market.vocabulary import BUY, Action, SelfTradePrevention
from domain.quantities import PAYOUT_TICKS, Ticks


class OffGrid(StrEnum):
    """What becomes of a recorded price that the other grid does not have."""

    ROUND = "round"
    """The next one that is no better for whoever trades with it: a bid goes down, an offer up."""
    REFUSE = "refuse"
    """The order is refused, as it would be if it were sent so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What is to be different; what is ``None`` stays as it was in each market."""

    name: str
    fees: FeeSchedule | None = None
    tick_ticks: Ticks | None = None
    off_grid: OffGrid = OffGrid.ROUND
    gives_way: SelfTradePrevention | None = None

    def adjust(self, asked: OrderAsked | Fact, state: MarketState) -> OrderAsked | Fact | None:
        """Return what is asked of a market under these rules instead."""
        match asked:
            case e.MarketCreated():
                return replace(
                    asked,
                    fees=asked.fees if self.fees is None else self.fees,
                    tick_size_ticks=asked.tick_size_ticks if self.tick_ticks is None else self.tick_ticks,
                )
            case e.TickSizeChanged():
                return asked if self.tick_ticks is None else None
            case c.PlaceOrder():
                return self._placing(asked, state)
            case c.AmendOrder():
                return self._amending(asked, state)
        return asked

    def _placing(self, order: c.PlaceOrder, state: MarketState) -> c.PlaceOrder:
        return replace(
            order,
            price_ticks=self._on_grid(order.price_ticks, order.action, state),
            stop_price_ticks=self._on_grid(order.stop_price_ticks, order.action, state),
            self_trade_prevention=self.gives_way or order.self_trade_prevention,
        )

    def _amending(self, command: c.AmendOrder, state: MarketState) -> c.AmendOrder:
        order = state.orders.get(command.order_id)
        if order is None:
            return command
        return replace(command, price_ticks=self._on_grid(command.price_ticks, order.action, state))

    def _on_grid(self, ticks: Ticks | None, action: Action, state: MarketState) -> Ticks | None:
        """Return a price on the other grid, as close within it as there is one."""
        if ticks is None or self.tick_ticks is None or self.off_grid is OffGrid.REFUSE:
            return ticks
        tick = state.tick_size
        rounded = ticks // tick * tick if action is BUY else -(-ticks // tick) * tick
        return Ticks(min(PAYOUT_TICKS - tick, max(tick, rounded)))
