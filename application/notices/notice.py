"""What an account is told: that an order of its was placed."""

from dataclasses import dataclass

from application.events import Recorded
from application.streams import MARKET
from domain.identifiers import AccountId, Ticker
from domain.market.events import OrderPlaced


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """An order as its market took it. ``webhook`` names the only one it is for, if it is sent again."""

    order: Recorded[OrderPlaced]
    webhook: str | None = None

    @property
    def id(self) -> str:
        """What the notice is known by, however often it is sent."""
        return str(self.order.id)

    @property
    def account_id(self) -> AccountId:
        """Who is told."""
        return self.order.event.account_id

    @property
    def ticker(self) -> Ticker:
        """The market the order is in."""
        return Ticker(self.order.stream.removeprefix(MARKET))


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A notice on its way to one webhook. ``due_us`` is when it is sent next, after ``tries`` in vain."""

    account_id: AccountId
    webhook: str
    notice_id: str
    ticker: Ticker
    revision: int
    body: bytes
    due_us: int
    tries: int = 0

    @property
    def lane(self) -> "Lane":
        """Where it waits."""
        return self.account_id, self.webhook


Lane = tuple[AccountId, str]
"""An account and the name of one of its webhooks: what waits in one lane delays nobody in another."""
