"""What can be asked of a ledger."""

from domain.identifiers import AccountId, OrderId, Ticker
from domain.limits import DEFAULT_LIMITS, AccountLimits
from domain.market.events import MarketEvent
from domain.messages import Message
from domain.quantities import MAX_DEPOSITS, Money, Quantity


class Deposit(Message, frozen=True, kw_only=True):
    """Credit money from outside. The same ``reference`` counts once.

    ``most`` is what this ledger may be given in all, its share of :data:`domain.quantities.MAX_DEPOSITS`.
    """

    account_id: AccountId
    amount: Money
    reference: str
    most: Money = MAX_DEPOSITS


class Withdraw(Message, frozen=True, kw_only=True):
    """Pay money out. The same ``reference`` counts once."""

    account_id: AccountId
    amount: Money
    reference: str


class ReserveFunds(Message, frozen=True, kw_only=True):
    """Set money aside for an order about to be placed; nothing for a sell, which is noted all the same.

    ``key`` is what the order's client id stands for, where an earlier order of that id was given up and
    this one has another order id. ``limits`` are the account's.
    """

    order_id: OrderId
    account_id: AccountId
    ticker: Ticker
    amount: Money
    request_digest: str
    order_group_id: str | None = None
    key: OrderId | None = None
    limits: AccountLimits = DEFAULT_LIMITS


class ReleaseReservation(Message, frozen=True, kw_only=True):
    """Compensate: give back what was set aside for an order that the market did not take."""

    order_id: OrderId


class BeginAmendment(Message, frozen=True, kw_only=True):
    """Set ``amount`` more aside for an open order about to be amended, and take a further client id for it.

    ``key`` is what the client id stands for, ``request_digest`` a hash of what was asked under it.
    """

    amendment_id: str
    order_id: OrderId
    account_id: AccountId
    ticker: Ticker
    amount: Money
    key: OrderId | None = None
    request_digest: str = ""


class GiveUpAmendment(Message, frozen=True, kw_only=True):
    """Compensate: give back what was set aside and taken for an amendment that the market did not take."""

    amendment_id: str


class MarketEntry(Message, frozen=True, kw_only=True):
    """A market event to be booked, and the accounts of this ledger that it concerns."""

    revision: int
    event: MarketEvent
    accounts: frozenset[AccountId]


class BookMarketEvents(Message, frozen=True, kw_only=True):
    """Book what a market decided, in the market's order. Events booked before are passed over."""

    ticker: Ticker
    entries: tuple[MarketEntry, ...]


class WithdrawFees(Message, frozen=True, kw_only=True):
    """Take out fees the house has earned. The same ``reference`` counts once.

    ``earned_elsewhere`` is what the other ledgers have earned: it never gets less, because all fees are
    taken out in the house's own ledger.
    """

    amount: Money
    reference: str
    earned_elsewhere: Money = Money(0)


class CreateOrderGroup(Message, frozen=True, kw_only=True):
    """Open an order group."""

    order_group_id: str
    account_id: AccountId
    limit: Quantity
    limits: AccountLimits = DEFAULT_LIMITS


class ChangeOrderGroupLimit(Message, frozen=True, kw_only=True):
    """Give a group another limit."""

    order_group_id: str
    account_id: AccountId
    limit: Quantity


class TriggerOrderGroup(Message, frozen=True, kw_only=True):
    """Take off a group's orders now."""

    order_group_id: str
    account_id: AccountId


class ResetOrderGroup(Message, frozen=True, kw_only=True):
    """Let a group take orders again."""

    order_group_id: str
    account_id: AccountId


class DeleteOrderGroup(Message, frozen=True, kw_only=True):
    """Remove a group and take off its orders."""

    order_group_id: str
    account_id: AccountId


OrderGroupCommand = (
    CreateOrderGroup | ChangeOrderGroupLimit | TriggerOrderGroup | ResetOrderGroup | DeleteOrderGroup
)

LedgerCommand = (
    Deposit
    | Withdraw
    | ReserveFunds
    | ReleaseReservation
    | BeginAmendment
    | GiveUpAmendment
    | BookMarketEvents
    | WithdrawFees
    | OrderGroupCommand
)
