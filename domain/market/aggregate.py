"""The market as a decider: which function answers which command, and what it does by itself."""

from typing import assert_never

from domain.decider import Decider
from domain.market import commands as c
from domain.market import crossing, lifecycle, pairs, trading
from domain.market.commands import MarketCommand
from domain.market.events import MarketEvent
from domain.market.evolve import evolve
from domain.market.state import MarketState
from domain.market.trading import Decided
from domain.market.vocabulary import MarketStatus
from domain.rejections import Reason, Rejected


def decide(command: MarketCommand, state: MarketState) -> Decided:
    """Return what a command causes in this market, or why it is refused."""
    if not state.created and not isinstance(command, c.CreateMarket):
        return Rejected(Reason.MARKET_NOT_FOUND, "there is no such market")
    match command:
        case c.PlaceOrder():
            return trading.place(command, state)
        case c.CancelOrder():
            return trading.cancel(command, state)
        case c.AmendOrder():
            return trading.amend(command, state)
        case c.DecreaseOrder():
            return trading.decrease(command, state)
        case c.CancelOrders():
            return trading.cancel_many(command, state)
        case c.AbandonPlacement():
            return trading.abandon(command, state)
        case c.AbandonAmendment():
            return trading.abandon_amendment(command, state)
        case c.ExpireOrder():
            return trading.expire(command, state)
        case c.TriggerStop():
            return trading.trigger(command, state)
        case c.BoundOrderGroup():
            return trading.bound(command, state)
        case c.CrossOrders():
            return crossing.cross(command, state)
        case (
            c.ContinueMatching() | c.RedeemPairs() | c.ClearOrderGroup() | c.TrimOffers() | c.TrimReduceOnly()
        ):
            return _decide_rest(command, state)
        case _:
            return _decide_lifecycle(command, state)


def _decide_rest(
    command: c.ContinueMatching | c.RedeemPairs | c.ClearOrderGroup | c.TrimOffers | c.TrimReduceOnly,
    state: MarketState,
) -> Decided:
    match command:
        case c.ContinueMatching():
            return trading.continue_matching(command, state)
        case c.RedeemPairs():
            return pairs.redeem(state)
        case c.TrimOffers():
            return pairs.trim(command, state)
        case c.ClearOrderGroup():
            return trading.clear_group(command, state)
        case c.TrimReduceOnly():
            return trading.trim(command, state)
        case _:
            assert_never(command)


def _decide_lifecycle(command: c.LifecycleCommand, state: MarketState) -> Decided:
    if isinstance(command, lifecycle.Paying) and (refused := lifecycle.moved_on(command, state)):
        return refused
    match command:
        case c.CreateMarket():
            return lifecycle.create(command, state)
        case c.LinkCondition():
            return lifecycle.link(command, state)
        case c.AttachConditional():
            return lifecycle.attach(command, state)
        case c.DecideCondition():
            return lifecycle.decide_condition(command, state)
        case c.ActivateMarket():
            return lifecycle.activate(command, state)
        case c.PauseMarket():
            return lifecycle.pause(command, state)
        case c.ResumeMarket():
            return lifecycle.resume(command, state)
        case c.CloseMarket():
            return lifecycle.close(command, state)
        case c.DetermineMarket():
            return lifecycle.determine(command, state)
        case c.DisputeMarket():
            return lifecycle.dispute(command, state)
        case c.FinalizeMarket():
            return lifecycle.finalize(command, state)
        case c.ResolveMarket():
            return lifecycle.resolve(command, state)
        case c.VoidMarket():
            return lifecycle.void(command, state)
        case c.AmendRules():
            return lifecycle.amend_rules(command, state)
        case c.ChangeTickSize():
            return lifecycle.change_tick_size(command, state)
        case c.ClearBook():
            return lifecycle.clear_book(command, state)
        case c.SettlePositions():
            return lifecycle.settle_positions(command, state)
        case _:
            assert_never(command)


_ACTIVE, _PAUSED = MarketStatus.ACTIVE, MarketStatus.PAUSED
_TRADED_OUT = (
    MarketStatus.CLOSED,
    MarketStatus.DETERMINED,
    MarketStatus.DISPUTED,
    MarketStatus.FINALIZED,
)

_TRADING = (_ACTIVE, _PAUSED)


def react(state: MarketState, now_us: int) -> MarketCommand | None:
    """Return what the market has to do by itself now, one thing at a time."""
    begun = state.taker or state.paired or state.spent_groups or state.over_offering or state.over_reducing
    stops = state.stops.orders
    if state.status is _ACTIVE and not (begun or state.expirations or stops or state.close_at_us):
        return None  # the usual case, and asked twice for every order
    if begun:
        return _what_was_begun(state)
    if state.status in _TRADED_OUT:
        if state.orders:
            return c.ClearBook()
        if state.ended and state.positions:
            return c.SettlePositions()
        return None
    if state.leave_on_pause and state.status is _PAUSED:
        return c.ClearBook()
    expiration = state.next_expiration() if state.expirations else None
    if expiration is not None and expiration[0] <= now_us:
        return c.ExpireOrder(order_id=expiration[1])
    if stops and state.status is _ACTIVE:
        stop = None if state.last_price is None else state.stops.due(state.last_price)
        if stop is not None:
            return c.TriggerStop(order_id=stop.order_id)
    if state.close_at_us is not None and state.close_at_us <= now_us and state.status in _TRADING:
        return c.CloseMarket()
    return None


def _what_was_begun(state: MarketState) -> MarketCommand:
    """Return what a decision left to do before anything else: it takes more than one step."""
    if state.taker is not None:
        return c.ContinueMatching()
    if state.paired:
        return c.RedeemPairs()
    # By name, so that it does not matter how it came to be known.
    if state.spent_groups:
        return c.ClearOrderGroup(order_group_id=min(state.spent_groups))
    if state.over_reducing:
        return c.TrimReduceOnly(account_id=min(state.over_reducing))
    return c.TrimOffers(account_id=min(state.over_offering))


MARKET: Decider[MarketState, MarketCommand, MarketEvent] = Decider(
    initial=MarketState, decide=decide, evolve=evolve, react=react
)
