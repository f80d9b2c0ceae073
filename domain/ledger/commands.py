"""What can be asked of a ledger."""

from dataclasses import dataclass

from domain.construction import quickly_made
from domain.identifiers import AccountId, OrderId, Ticker
from domain.market.events import MarketEvent
from domain.quantities import Money, Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """Credit money from outside. The same ``reference`` counts once."""

    account_id: AccountId
    amount: Money
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """Pay money out. The same ``reference`` counts once."""

    account_id: AccountId
    amount: Money
    reference: str


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveFunds:
    """Set money aside for an order about to be placed; nothing for a sell, which is noted all the same."""

    order_id: OrderId
    account_id: AccountId
    ticker: Ticker
    amount: Money
    request_digest: str
    order_group_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncreaseReservation:
    """Set ``amount`` more aside for an open order about to be amended."""

    order_id: OrderId
    account_id: AccountId
    ticker: Ticker
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseReservation:
    """Compensate: give back what was set aside for an order, or an amendment, that the market did not take.

    ``extra`` is what an amendment had added; ``None`` means the order itself was not placed.
    """

    order_id: OrderId
    extra: Money | None = None


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class MarketEntry:
    """A market event to be booked, and the accounts of this ledger that it concerns."""

    revision: int
    event: MarketEvent
    accounts: frozenset[AccountId]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookMarketEvents:
    """Book what a market decided, in the market's order. Events booked before are passed over."""

    ticker: Ticker
    entries: tuple[MarketEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawFees:
    """Take out fees the house has earned. The same ``reference`` counts once.

    ``earned_elsewhere`` is what the other ledgers have earned: it never gets less, because all fees are
    taken out in the house's own ledger.
    """

    amount: Money
    reference: str
    earned_elsewhere: Money = Money(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOrderGroup:
    """Open an order group."""

    order_group_id: str
    account_id: AccountId
    limit: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOrderGroupLimit:
    """Give a group another limit."""

    order_group_id: str
    account_id: AccountId
    limit: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerOrderGroup:
    """Take off a group's orders now."""

    order_group_id: str
    account_id: AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetOrderGroup:
    """Let a group take orders again."""

    order_group_id: str
    account_id: AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteOrderGroup:
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
    | IncreaseReservation
    | ReleaseReservation
    | BookMarketEvents
    | WithdrawFees
    | OrderGroupCommand
)
