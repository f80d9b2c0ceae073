"""The state of a ledger, as its events left it."""

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Iterator
from typing import Generic, NamedTuple, TypeVar

from domain.identifiers import AccountId, OrderId, Ticker

Value = TypeVar("Value")

REMEMBERED = 10_000
"""How many of the latest order ids and references a ledger knows by heart; older ones are looked up."""


HOUSE = AccountId("")
"""Who the fees belong to, where an account has to be named."""

HOUSE_LEDGER = 0
"""The ledger that decides what is taken out of the fees, wherever they were earned."""


def reference_key(account_id: AccountId, reference: str) -> str:
    """Return what a transfer is remembered by: references are each account's own."""
    return f"{account_id}/{reference}"


class Account:
    """One account's money, in millionths of a dollar. ``locked`` is by conditional market.

    ``open_orders`` is how many of the reservations are the account's.
    """

    __slots__ = ("cash", "locked", "open_orders", "reserved")

    def __init__(self) -> None:
        self.cash = 0
        self.reserved = 0
        self.open_orders = 0
        self.locked: dict[Ticker, int] = {}

    @property
    def total(self) -> int:
        """Cash, reserved and locked together."""
        return self.cash + self.reserved + sum(self.locked.values())


class Reservation:
    """Money set aside for one order. ``pending`` until the market is known to have accepted the order.

    ``amount`` follows what the market says it needs; ``extra`` is held for amendments under way. A sale needs
    no money; while it is open ``for_sale`` says how much of it is left. Sales from before the log told of
    that are forgotten once they are accepted.
    """

    __slots__ = ("account_id", "amount", "extra", "for_sale", "pending", "ticker")

    def __init__(self, account_id: AccountId, ticker: Ticker, amount: int) -> None:
        self.account_id = account_id
        self.ticker = ticker
        self.amount = amount
        self.extra = 0
        self.for_sale = 0
        self.pending = True

    @property
    def spent(self) -> bool:
        """Whether nothing is set aside or for sale any more, and nothing is awaited."""
        return not (self.amount or self.for_sale or self.extra or self.pending)


class Amendment:
    """An amendment under way: the money set aside for it, and what its new client id stands for."""

    __slots__ = ("account_id", "amount", "key", "order_id", "ticker")

    def __init__(self, order_id: OrderId, account_id: AccountId, ticker: Ticker) -> None:
        self.order_id = order_id
        self.account_id = account_id
        self.ticker = ticker
        self.amount = 0
        self.key: OrderId | None = None


class OrderGroup:
    """A group of orders that is taken off once ``limit`` has filled.

    ``round`` counts how often it was reset, ``version`` whatever was done to it, and ``closed_at`` is the
    version in which it was last triggered, or 0. ``filled_in`` is what has filled in each market that orders
    of the group have set out for.
    """

    __slots__ = (
        "account_id",
        "closed_at",
        "filled",
        "filled_in",
        "limit",
        "round",
        "triggered",
        "version",
    )

    def __init__(self, account_id: AccountId, limit: int) -> None:
        self.account_id = account_id
        self.limit = limit
        self.filled = 0
        self.filled_in: dict[Ticker, int] = {}
        self.triggered = False
        self.round = 0
        self.version = 0
        self.closed_at = 0


class KnownOrder(NamedTuple):
    """What is remembered of a client id or order id: a digest of what was asked, the market, the order."""

    request_digest: str
    ticker: Ticker
    order_id: OrderId


class Remembered(Generic[Value]):
    """The latest keys and what they stood for, oldest dropped first."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Value] = OrderedDict()
        self.all = True
        """Whether every key there ever was is remembered."""

    def get(self, key: str) -> Value | None:
        """Return what the key stood for, or ``None`` if it is not remembered."""
        return self._known.get(key)

    def add(self, key: str, value: Value) -> None:
        """Remember a key, forgetting the oldest when there are too many."""
        self._known[key] = value
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
            self.all = False

    def __iter__(self) -> Iterator[tuple[str, Value]]:
        return iter(self._known.items())

    def forget(self, key: str) -> None:
        """Drop a key."""
        self._known.pop(key, None)


class LedgerState:
    """Everything a ledger decides on."""

    def __init__(self) -> None:
        self.accounts: dict[AccountId, Account] = {}
        self.reservations: dict[OrderId, Reservation] = {}
        self.amendments: dict[str, Amendment] = {}
        self.booked: dict[Ticker, int] = {}
        """Per market the revision of the last event booked: what is older is never booked again."""
        self.order_groups: dict[str, OrderGroup] = {}
        self.groups_of: Counter[AccountId] = Counter()
        """How many order groups each account has."""
        self.orders: Remembered[KnownOrder] = Remembered()
        self.references: Remembered[int] = Remembered()
        self.deposited = 0
        self.withdrawn = 0
        self.in_markets = 0
        """Net money this ledger's accounts have in markets' collateral."""
        self.fees_held = 0
        """Fees of markets that have not ended: they may have to be returned."""
        self.fees_earned = 0
        """Fees earned here, less what was taken out here: the house's ledger takes out others' too."""
        self.revision = -1

    def account(self, account_id: AccountId) -> Account:
        """Return an account, opening it if there is none."""
        account = self.accounts.get(account_id)
        if account is None:
            account = self.accounts[account_id] = Account()
        return account

    def cash(self, account_id: AccountId) -> int:
        """Return the money an account can use, zero for an unknown one."""
        account = self.accounts.get(account_id)
        return account.cash if account else 0

    def digest(self) -> str:
        """Return a hash of all that matters: two states with the same digest behave the same."""
        return hashlib.sha256("\n".join(self._facts()).encode()).hexdigest()

    def _facts(self) -> Iterator[str]:
        yield (
            f"ledger {self.deposited} {self.withdrawn} {self.in_markets} {self.fees_held} {self.fees_earned}"
        )
        for account_id, account in sorted(self.accounts.items()):
            yield f"account {account_id} {account.cash} {account.reserved} {sorted(account.locked.items())}"
        for order_id, held in sorted(self.reservations.items()):
            yield (
                f"held {order_id} {held.account_id} {held.ticker} {held.amount} {held.extra} {held.pending} "
                f"{held.for_sale}"
            )
        for name, change in sorted(self.amendments.items()):
            yield (
                f"amendment {name} {change.order_id} {change.account_id} {change.ticker} {change.amount} "
                f"{change.key}"
            )
        for name, known in self.orders:
            yield f"order {name} {known.request_digest} {known.ticker} {known.order_id}"
        for name, amount in self.references:
            yield f"reference {name} {amount}"
        yield f"booked {sorted(self.booked.items())}"
        for group_id, group in sorted(self.order_groups.items()):
            yield (
                f"group {group_id} {group.account_id} {group.limit} {group.filled} {group.triggered} "
                f"{group.round} {group.version} {group.closed_at} {list(group.filled_in.items())}"
            )
