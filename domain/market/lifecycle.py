"""Decisions about the market itself: listing, opening, conditions, resolution, payment."""

from collections.abc import Sequence
from itertools import islice

from domain.identifiers import AccountId, GroupId, OrderId, Ticker
from domain.market import commands as c
from domain.market import events as e
from domain.market.state import MarketState, Position
from domain.market.trading import BATCH, Decided
from domain.market.vocabulary import Condition, EndReason, MarketStatus, Result
from domain.quantities import PAYOUT_TICKS, Money, Quantity
from domain.rejections import Reason, Rejected

_OPEN = (MarketStatus.ACTIVE, MarketStatus.PAUSED)


def create(command: c.CreateMarket, state: MarketState) -> Decided:
    """List a market that does not exist yet, conditional and open if that is asked for.

    A market of a group only proposes itself: it opens once the group, which decides, has taken it in.
    """
    if state.created:
        return Rejected(Reason.MARKET_EXISTS, f"market {command.ticker} exists")
    if refused := _listing_refusal(command):
        return refused
    condition = command.condition
    if condition is not None:
        refused = _condition_refusal(condition, command.ticker, command.group_id)
        if refused is not None:
            return refused
    events: list[e.MarketEvent] = [_listed(command)]
    if condition is not None:
        events.append(e.ConditionLinked(parent=condition.parent, required=condition.required))
    if command.opens:
        group_id = command.group_id
        events.append(e.MarketActivated() if group_id is None else e.OpeningRequested(group_id=group_id))
    return events


def _listed(command: c.CreateMarket) -> e.MarketCreated:
    return e.MarketCreated(
        ticker=command.ticker,
        title=command.title,
        rules=command.rules,
        category=command.category,
        group_id=command.group_id,
        tick_size_ticks=command.tick_size_ticks,
        price_min_ticks=command.price_min_ticks,
        price_max_ticks=command.price_max_ticks,
        quantity_min=command.quantity_min,
        quantity_step=command.quantity_step,
        position_limit=command.position_limit,
        fees=command.fees,
        close_at_us=command.close_at_us,
    )


def _listing_refusal(command: c.CreateMarket) -> Rejected | None:
    low, high = command.price_min_ticks, command.price_max_ticks
    if not 0 < low <= high < PAYOUT_TICKS:
        return Rejected(Reason.INVALID_PRICE, "the price range must lie inside a dollar")
    if not is_grid(command.tick_size_ticks, low, high):
        return _BAD_TICK_SIZE
    if not (command.quantity_min > 0 and command.quantity_step > 0):
        return Rejected(Reason.INVALID_QUANTITY, "the smallest quantity and its step must be positive")
    if command.position_limit is not None and command.position_limit <= 0:
        return Rejected(Reason.INVALID_QUANTITY, "the maximum position must be positive")
    if not command.fees.possible:
        return Rejected(Reason.INVALID_AMOUNT, "fees must not be negative, and their grain positive")
    if command.close_at_us is not None and command.close_at_us <= command.now_us:
        return Rejected(Reason.INVALID_CLOSE_TIME, "a market closes at a time that is still to come")
    return None


def is_grid(tick: int, low: int, high: int) -> bool:
    """Return whether a tick size divides a dollar and leaves a price within a range."""
    return tick > 0 and PAYOUT_TICKS % tick == 0 and -(-low // tick) <= high // tick


_BAD_TICK_SIZE = Rejected(
    Reason.INVALID_PRICE, "the tick size must divide a dollar and leave a price within the range"
)


def link(command: c.LinkCondition, state: MarketState) -> Decided:
    """Make a market conditional before it opens."""
    if refused := _condition_refusal(command, state.ticker, state.group_id):
        return refused
    if state.parent == command.parent and state.required is command.required:
        return []
    if state.condition is not Condition.NONE or state.status is not MarketStatus.INITIALIZED:
        return Rejected(
            Reason.CONDITION_NOT_ALLOWED, "a market is linked once, to one parent, before it is activated"
        )
    return [e.ConditionLinked(parent=command.parent, required=command.required)]


def _condition_refusal(command: c.LinkCondition, ticker: Ticker, group_id: GroupId | None) -> Rejected | None:
    if ticker in command.ancestors:
        return Rejected(Reason.CONDITION_CYCLE, f"{ticker} would depend on itself")
    if group_id is not None and group_id in command.groups:
        # If it won, the market it depends on would lose, and so call it off.
        return Rejected(
            Reason.CONDITION_NOT_ALLOWED,
            f"{ticker} would depend on another market of {group_id}, of which only one can end yes",
        )
    if command.required is Result.VOID:
        return Rejected(Reason.CONDITION_NOT_ALLOWED, "a condition requires yes or no of its parent")
    return None


def attach(command: c.AttachConditional, state: MarketState) -> Decided:
    """Note a market that is about to be made conditional on this one, as long as this one is open.

    It is a proposal: the child decides, and if it never does nothing follows from it.
    """
    if state.status not in _OPEN:
        return Rejected(
            Reason.CONDITION_NOT_ALLOWED,
            f"{state.ticker} must be open for trading to have conditional markets",
        )
    return [] if command.child in state.children else [e.ConditionalAttached(child=command.child)]


def decide_condition(command: c.DecideCondition, state: MarketState) -> Decided:
    """Go on by itself, or be called off."""
    if state.parent != command.parent or state.condition is not Condition.PENDING or state.ended:
        return []
    if command.parent_result is state.required:
        return [e.ConditionMet(parent=command.parent)]
    return [e.MarketCalledOff(parent=command.parent, parent_result=command.parent_result)]


def activate(command: c.ActivateMarket, state: MarketState) -> Decided:
    """Let trading begin."""
    if command.member_of != state.group_id:
        return Rejected(
            Reason.TRANSITION_NOT_ALLOWED,
            f"market {state.ticker} opens once its group has taken it in: {state.group_id}",
        )
    if state.close_at_us is not None and state.close_at_us <= command.now_us:
        return Rejected(Reason.TRANSITION_NOT_ALLOWED, f"market {state.ticker} was to close before now")
    return _move(state, (MarketStatus.INITIALIZED,), "activated", e.MarketActivated())


def pause(command: c.PauseMarket, state: MarketState) -> Decided:
    """Stop trading for a while. The orders that asked for it leave before anything else can happen."""
    return _move(state, (MarketStatus.ACTIVE,), "paused", e.MarketPaused(reason=command.reason))


def resume(_: c.ResumeMarket, state: MarketState) -> Decided:
    """Let trading go on."""
    return _move(state, (MarketStatus.PAUSED,), "resumed", e.MarketResumed())


def close(command: c.CloseMarket, state: MarketState) -> Decided:
    """End trading."""
    if command.by_group is not None and command.by_group != state.group_id:
        return _not_of(command.by_group, state)
    return _move(state, (*_OPEN, MarketStatus.INITIALIZED), "closed", e.MarketClosed())


Paying = c.DetermineMarket | c.FinalizeMarket | c.ResolveMarket | c.VoidMarket
"""What decides who is paid what: whoever sends it may say which version of the market it was decided on."""


def moved_on(command: Paying, state: MarketState) -> Rejected | None:
    """Return a refusal if the market is not at the version that was stated, if one was."""
    if command.market_revision is None or command.market_revision == state.revision:
        return None
    return Rejected(
        Reason.MARKET_VERSION_CHANGED,
        f"the market is at version {state.revision}, not {command.market_revision}",
    )


def determine(command: c.DetermineMarket, state: MarketState) -> Decided:
    """State the result of a market that no longer trades."""
    if command.result is Result.VOID:
        return _VOID_IT
    determined = e.MarketDetermined(result=command.result, evidence=command.evidence)
    allowed = (MarketStatus.CLOSED, MarketStatus.DISPUTED)
    return _group_rules(state, by_group=command.by_group) or _move(state, allowed, "determined", determined)


_VOID_IT = Rejected(Reason.TRANSITION_NOT_ALLOWED, "to end a market without a result, void it")


def dispute(command: c.DisputeMarket, state: MarketState) -> Decided:
    """Contest a result that is not final."""
    disputed = e.MarketDisputed(reason=command.reason)
    return _group_rules(state, by_group=command.by_group) or _move(
        state, (MarketStatus.DETERMINED,), "disputed", disputed
    )


def finalize(command: c.FinalizeMarket, state: MarketState) -> Decided:
    """Let the result stand."""
    if refused := _group_rules(state, by_group=command.by_group):
        return refused
    if state.condition is Condition.PENDING:
        return _parent_first(state)
    if state.result is None:
        return Rejected(Reason.TRANSITION_NOT_ALLOWED, f"market {state.ticker} has no result yet")
    finalized = e.MarketFinalized(result=state.result)
    return _move(state, (MarketStatus.DETERMINED,), "finalized", finalized)


def _parent_first(state: MarketState) -> Rejected:
    return Rejected(Reason.CONDITION_PENDING, f"{state.parent} must end first")


def resolve(command: c.ResolveMarket, state: MarketState) -> Decided:
    """Take a market to its end in one decision, or leave it as it is."""
    result, status = command.result, state.status
    if result is Result.VOID:
        return _VOID_IT
    if refused := _group_rules(state, by_group=None):
        return refused
    if status is MarketStatus.FINALIZED or (status is MarketStatus.DETERMINED and state.result is not result):
        return Rejected(
            Reason.TRANSITION_NOT_ALLOWED,
            f"market {state.ticker} is {status} and cannot be resolved {result}",
        )
    if state.condition is Condition.PENDING:
        return _parent_first(state)
    events: list[e.LifecycleEvent] = []
    if status in (*_OPEN, MarketStatus.INITIALIZED):
        events.append(e.MarketClosed())
    if status is not MarketStatus.DETERMINED:
        events.append(e.MarketDetermined(result=result, evidence=command.evidence))
    return [*events, e.MarketFinalized(result=result)]


def void(command: c.VoidMarket, state: MarketState) -> Decided:
    """End a market without a result."""
    if refused := _group_rules(state, by_group=command.by_group):
        return refused
    if not 0 <= command.yes_price_ticks <= PAYOUT_TICKS:
        return Rejected(Reason.INVALID_PRICE, "a void pays between nothing and a dollar for a yes share")
    if state.ended:
        return Rejected(Reason.TRANSITION_NOT_ALLOWED, f"market {state.ticker} has ended")
    return [e.MarketVoided(yes_price_ticks=command.yes_price_ticks, reason=command.reason)]


def amend_rules(command: c.AmendRules, state: MarketState) -> Decided:
    """Replace the rules text of a market without a result."""
    if state.status in (MarketStatus.DETERMINED, MarketStatus.DISPUTED, MarketStatus.FINALIZED):
        return Rejected(Reason.TRANSITION_NOT_ALLOWED, "rules cannot change once there is a result")
    return [e.RulesAmended(rules=command.rules, version=state.rules_version + 1)]


def change_tick_size(command: c.ChangeTickSize, state: MarketState) -> Decided:
    """Replace the price grid."""
    if not is_grid(command.tick_size_ticks, state.price_min, state.price_max):
        return _BAD_TICK_SIZE
    if state.ended:
        return Rejected(Reason.TRANSITION_NOT_ALLOWED, f"market {state.ticker} has ended")
    if command.tick_size_ticks == state.tick_size:
        return []
    return [e.TickSizeChanged(tick_size_ticks=command.tick_size_ticks)]


def clear_book(_: c.ClearBook, state: MarketState) -> Decided:
    """Take off the next orders that have no place in a market that is paused, or trades no longer."""
    reason, leaving = EndReason.MARKET_CLOSED, iter(state.orders)
    if state.status is MarketStatus.PAUSED:
        reason, leaving = EndReason.MARKET_PAUSED, iter(state.leave_on_pause)
    elif state.condition is Condition.FAILED:
        reason = EndReason.CALLED_OFF
    elif state.result is Result.VOID:
        reason = EndReason.MARKET_VOIDED
    return [canceled(order_id, state, reason) for order_id in islice(leaving, BATCH)]


def settle_positions(_: c.SettlePositions, state: MarketState) -> Decided:
    """Pay the next holders, or undo their trades."""
    return [
        settlement(account, position, state) for account, position in islice(state.positions.items(), BATCH)
    ]


def settlement(account_id: AccountId, position: Position, state: MarketState) -> e.HolderEvent:
    """Return what ends a holder's part in a market that has ended."""
    yes, no = Quantity(position.yes), Quantity(position.no)
    if state.condition is Condition.FAILED:
        return e.PositionUnwound(
            account_id=account_id, yes=yes, no=no, refund=Money(position.paid), fees=Money(position.fees)
        )
    void = state.result is Result.VOID
    yes_pays = state.void_price if void else (PAYOUT_TICKS if state.result is Result.YES else 0)
    return e.PositionSettled(
        account_id=account_id,
        yes=yes,
        no=no,
        payout=Money(yes_pays * yes + (PAYOUT_TICKS - yes_pays) * no),
        fees=Money(position.fees),
        fees_returned=void,
    )


def canceled(order_id: OrderId, state: MarketState, reason: EndReason) -> e.OrderCanceled:
    """Return the event that takes an order off."""
    order = state.orders[order_id]
    return e.OrderCanceled(
        order_id=order.order_id,
        account_id=order.account_id,
        quantity=Quantity(order.remaining),
        reason=reason,
    )


def _group_rules(state: MarketState, *, by_group: GroupId | None) -> Rejected | None:
    if state.group_id == by_group:
        return None
    if by_group is not None:
        return _not_of(by_group, state)
    return Rejected(
        Reason.GROUP_RESOLVES_ITS_MARKETS,
        f"market {state.ticker} belongs to {state.group_id}: resolve or void the group",
    )


def _not_of(group_id: GroupId, state: MarketState) -> Rejected:
    return Rejected(Reason.GROUP_RESOLVES_ITS_MARKETS, f"market {state.ticker} is not a market of {group_id}")


def _move(
    state: MarketState, allowed: Sequence[MarketStatus], verb: str, event: e.LifecycleEvent
) -> list[e.LifecycleEvent] | Rejected:
    if state.status in allowed:
        return [event]
    return Rejected(
        Reason.TRANSITION_NOT_ALLOWED, f"market {state.ticker} is {state.status} and cannot be {verb}"
    )
