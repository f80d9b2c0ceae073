"""What is sent about requests for quotes, and about quotes."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from adapters.http.requests.exact import Contracts, Dollars, PriceDollars, Whole
from adapters.http.requests.fields import PARTS, Groups, RequestBody, TickerField, Word
from adapters.http.requests.orders import quantity
from adapters.http.requests.queries import PageQuery
from domain.market.vocabulary import Side
from domain.quantities import Money, Quantity
from domain.quotes.vocabulary import QuoteStatus

_MONEY_PER_CENTI_CENT = 100

IdField = Annotated[str, StringConstraints(pattern=r"^[!-~]+$", min_length=1, max_length=128)]


class AcceptedSide(StrEnum):
    """Which bid of a quote is taken. The last two are what the official client makes of the first two."""

    YES = "yes"
    NO = "no"
    TRUE = "true"
    FALSE = "false"

    @property
    def side(self) -> Side:
        """The outcome that is meant."""
        return Side.YES if self in (AcceptedSide.YES, AcceptedSide.TRUE) else Side.NO


class RequestForQuotesBody(RequestBody):
    """What is asked for: a number of contracts, or what a sum buys."""

    passed_over = PARTS | {"subtrader_id"}

    market_ticker: TickerField
    contracts: Whole | None = None
    contracts_fp: Contracts | None = None
    target_cost_centi_cents: Whole | None = Field(default=None, description="In hundredths of a cent.")
    target_cost_dollars: Dollars | None = None
    rest_remainder: bool = Field(
        default=False, description="Nothing ever remains: what is agreed trades whole."
    )
    replace_existing: bool = Field(default=False, description="End your other requests in the market.")

    @property
    def quantity(self) -> Quantity:
        """The contracts asked for, nothing if it is a sum."""
        return quantity(self.contracts, self.contracts_fp, "contracts") or Quantity(0)

    @property
    def target_cost(self) -> Money:
        """The sum asked for, nothing if it is contracts."""
        if self.target_cost_centi_cents is not None:
            return Money(self.target_cost_centi_cents * _MONEY_PER_CENTI_CENT)
        return self.target_cost_dollars or Money(0)


class QuoteBody(RequestBody):
    """A quote: what is bid for yes and for no; nothing is no bid."""

    passed_over = PARTS

    rfq_id: IdField
    yes_bid: PriceDollars
    no_bid: PriceDollars
    rest_remainder: bool = Field(
        default=False, description="Nothing ever remains: what is agreed trades whole."
    )


class AcceptBody(RequestBody):
    """Which bid of a quote is taken."""

    accepted_side: Word[AcceptedSide]


class RequestStatus(StrEnum):
    """Whether a request is open."""

    OPEN = "open"
    CLOSED = "closed"


class RequestsQuery(PageQuery):
    """Which requests for quotes."""

    passed_over = PageQuery.passed_over | {"mve_collection_ticker", "subtrader_id"}

    market_ticker: TickerField | None = None
    event_ticker: Groups = ()
    status: RequestStatus | None = None
    creator_user_id: str | None = None


class QuotesQuery(PageQuery):
    """Which quotes, of those given by the account or to it."""

    passed_over = PageQuery.passed_over | {"mve_collection_ticker", "rfq_creator_subtrader_id"}

    market_ticker: TickerField | None = None
    event_ticker: Groups = ()
    status: QuoteStatus | None = None
    rfq_id: IdField | None = None
    creator_user_id: str | None = None
    quote_creator_user_id: str | None = None
    rfq_creator_user_id: str | None = None
