"""Money for the accounts of a replay: as much as they need, when they need it."""

import asyncio

from application.exchange import Exchange
from domain.identifiers import AccountId
from domain.quantities import DOLLAR, Money
from domain.rejections import Rejected

PURSE = Money(1_000_000_000 * DOLLAR)
"""What is paid in at a time: plenty, so that accounts need it once."""


class Funding:
    """Pays into accounts, once when they first appear and again whenever they run out."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._payments: dict[AccountId, asyncio.Task[None]] = {}

    async def open(self, account_id: AccountId) -> None:
        """See to it that the account has been paid into."""
        payment = self._payments.get(account_id)
        if payment is None:
            payment = self._payments[account_id] = asyncio.create_task(self._pay(account_id))
        if not payment.done():
            await asyncio.shield(payment)
        payment.result()

    async def top_up(self, account_id: AccountId) -> None:
        """Pay in once more."""
        await self._payments[account_id]
        await self._pay(account_id)

    async def _pay(self, account_id: AccountId) -> None:
        ledger = self._exchange.directory.ledger(account_id)
        paid_in = (await ledger.state()).deposited
        # A reference counts once; the ledger's deposits only ever grow, so this one is new.
        answer = await self._exchange.operations.deposit(account_id, PURSE, f"replay {paid_in}")
        assert not isinstance(answer, Rejected), answer.message
