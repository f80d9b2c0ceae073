"""Sagas that cannot be brought to their end, and what stops because of them."""

import logging
from collections.abc import Iterator

from application.health import Health, Trouble
from domain.identifiers import AccountId, OrderId, Ticker
from domain.rejections import Reason, Rejected

log = logging.getLogger(__name__)

PART = "saga recovery"


class SetAside:
    """Remembers the sagas that failed by a fault of our own.

    Their accounts place and amend nothing more in their markets, where nobody knows what their money is for;
    everything else goes on.
    """

    def __init__(self, health: Health) -> None:
        self._health = health
        self._faults: dict[tuple[AccountId, Ticker], dict[OrderId, str]] = {}

    def add(self, account_id: AccountId, ticker: Ticker, order_id: OrderId, fault: Exception) -> None:
        """Note a saga that failed, and say so the first time."""
        faults = self._faults.setdefault((account_id, ticker), {})
        if order_id not in faults:
            log.error(
                "the saga of order %s cannot be brought to its end: %s places and amends nothing more in %s",
                order_id,
                account_id,
                ticker,
                exc_info=fault,
            )
        faults[order_id] = f"{type(fault).__name__}: {fault}"
        self._report()

    def ended(self, account_id: AccountId, ticker: Ticker, order_id: OrderId) -> None:
        """Note that a saga came to its end after all."""
        faults = self._faults.get((account_id, ticker), {})
        if faults.pop(order_id, None) is None:
            return
        if not faults:
            del self._faults[account_id, ticker]
        self._report()

    def refusal(self, account_id: AccountId, ticker: Ticker) -> Rejected | None:
        """Return why an account may not place or amend orders in a market now, if it may not."""
        if not self._faults or (account_id, ticker) not in self._faults:
            return None
        return Rejected(
            Reason.TRADING_HALTED,
            f"an order in {ticker} was interrupted and cannot be brought to its end; the operators know",
        )

    def _report(self) -> None:
        if not self._faults:
            self._health.clear(PART, Trouble.SAGA_SET_ASIDE)
            return
        orders = sum(map(len, self._faults.values()))
        self._health.report(
            PART,
            Trouble.SAGA_SET_ASIDE,
            f"{orders} interrupted orders cannot be brought to their end; this process logged which. "
            "Their accounts place and amend nothing more in their markets",
        )

    def __len__(self) -> int:
        """Return how many accounts may not trade in some market."""
        return len(self._faults)

    def __iter__(self) -> Iterator[tuple[OrderId, AccountId, Ticker, str]]:
        """Yield order, account, market and fault of every saga set aside."""
        for (account_id, ticker), faults in self._faults.items():
            for order_id, fault in faults.items():
                yield order_id, account_id, ticker, fault
