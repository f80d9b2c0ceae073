"""What can be asked of a desk of requests. Ids and times are brought along, never made up inside."""

from domain.identifiers import AccountId, Ticker, TradeId
from domain.market.vocabulary import Action, Side
from domain.messages import Message
from domain.quantities import Money, Quantity, Ticks


class IntroduceAccount(Message, frozen=True, kw_only=True):
    """Give an account the name under which others see its requests and quotes, unless it has one."""

    account_id: AccountId
    communications_id: str


class RequestQuotes(Message, frozen=True, kw_only=True):
    """Ask makers for prices: for so many contracts, or for as many as a sum buys; the other is nothing.

    ``replaces`` ends the account's other requests in the market.
    """

    rfq_id: str
    account_id: AccountId
    creator_id: str
    ticker: Ticker
    quantity: Quantity
    target_cost: Money
    rest_remainder: bool = False
    replaces: bool = False
    now_us: int


class WithdrawRequest(Message, frozen=True, kw_only=True):
    """End a request of one's own, and with it its quotes."""

    rfq_id: str
    account_id: AccountId
    now_us: int


class GiveQuote(Message, frozen=True, kw_only=True):
    """Answer a request with what one would pay for yes and for no; nothing is no bid for that outcome."""

    quote_id: str
    rfq_id: str
    account_id: AccountId
    creator_id: str
    yes_bid_ticks: Ticks
    no_bid_ticks: Ticks
    rest_remainder: bool = False
    now_us: int


class WithdrawQuote(Message, frozen=True, kw_only=True):
    """Take back a quote of one's own."""

    quote_id: str
    account_id: AccountId
    now_us: int


class AcceptQuote(Message, frozen=True, kw_only=True):
    """Take the bid of a quote for ``side``. ``step`` is what quantities are multiples of in its market."""

    quote_id: str
    account_id: AccountId
    side: Side
    step: Quantity
    now_us: int


class ConfirmQuote(Message, frozen=True, kw_only=True):
    """Stand by a quote that was accepted.

    Each of the two gives up shares of one outcome or buys the other, which comes to the same: the actions
    say which of it.
    """

    quote_id: str
    account_id: AccountId
    maker_action: Action
    taker_action: Action
    now_us: int


class NoteExecution(Message, frozen=True, kw_only=True):
    """Note that the market has carried out the trade."""

    quote_id: str
    trade_id: TradeId
    now_us: int


class FailExecution(Message, frozen=True, kw_only=True):
    """Note that the trade will never be carried out. ``closes`` ends the request too."""

    quote_id: str
    explanation: str
    closes: bool
    now_us: int


class EndRequests(Message, frozen=True, kw_only=True):
    """End the next requests in a market that does not trade, but for those that are being carried out."""

    ticker: Ticker
    now_us: int


class Lapse(Message, frozen=True, kw_only=True):
    """End what has come due by now: the desk asks it of itself."""

    rfq_id: str
    quote_id: str
    now_us: int


QuotesCommand = (
    IntroduceAccount
    | RequestQuotes
    | WithdrawRequest
    | GiveQuote
    | WithdrawQuote
    | AcceptQuote
    | ConfirmQuote
    | NoteExecution
    | FailExecution
    | EndRequests
    | Lapse
)
