"""Short words for requests and quotes: prices in cents, quantities in whole contracts, times in seconds."""

from typing import Any

from domain.identifiers import AccountId, Ticker, TradeId
from domain.market.vocabulary import Action, Side
from domain.quantities import Money, Quantity
from domain.quotes import commands as c
from domain.quotes import events as e
from domain.quotes.aggregate import QUOTES
from domain.quotes.state import QuotesState
from tests.unit.domain.specification import Given
from tests.unit.domain.trading_words import ANN, BOB, TICKER, hundredths, ticks

Desk = Given[QuotesState, c.QuotesCommand, e.QuotesEvent]

SECOND = 1_000_000


def asking(name: str = "r", account: AccountId = ANN, contracts: float = 5, **more: Any) -> c.RequestQuotes:
    return c.RequestQuotes(
        **{
            "rfq_id": name,
            "account_id": account,
            "creator_id": f"public {account}".replace(" ", "-"),
            "ticker": TICKER,
            "quantity": hundredths(contracts),
            "target_cost": Money(0),
            "now_us": 0,
            **more,
        }
    )


def quoting(
    name: str = "q",
    account: AccountId = BOB,
    yes: float = 50,
    no: float = 45,
    *,
    rfq: str = "r",
    at: float = 0,
) -> c.GiveQuote:
    return c.GiveQuote(
        quote_id=name,
        rfq_id=rfq,
        account_id=account,
        creator_id=f"public-{account}",
        yes_bid_ticks=ticks(yes),
        no_bid_ticks=ticks(no),
        now_us=seconds(at),
    )


def accepting(
    name: str = "q", account: AccountId = ANN, side: Side = Side.YES, *, at: float = 0, step: int = 1
) -> c.AcceptQuote:
    return c.AcceptQuote(
        quote_id=name, account_id=account, side=side, step=Quantity(step), now_us=seconds(at)
    )


def confirming(
    name: str = "q",
    account: AccountId = BOB,
    *,
    maker: Action = Action.BUY,
    taker: Action = Action.BUY,
    at: float = 0,
) -> c.ConfirmQuote:
    return c.ConfirmQuote(
        quote_id=name, account_id=account, maker_action=maker, taker_action=taker, now_us=seconds(at)
    )


def executing(name: str = "q", *, at: float = 0) -> c.NoteExecution:
    return c.NoteExecution(quote_id=name, trade_id=TradeId("RAIN:1"), now_us=seconds(at))


def failing(name: str = "q", *, closes: bool = False, at: float = 0) -> c.FailExecution:
    return c.FailExecution(quote_id=name, explanation="too little", closes=closes, now_us=seconds(at))


def ending(ticker: Ticker = TICKER) -> c.EndRequests:
    return c.EndRequests(ticker=ticker, now_us=0)


def looking(at: float) -> c.IntroduceAccount:
    """Return a command that does nothing, so that time passes."""
    return c.IntroduceAccount(account_id=ANN, communications_id=f"at-{at}")


def seconds(at: float) -> int:
    return round(at * SECOND)


def desk(*commands: c.QuotesCommand) -> Desk:
    return Given(QUOTES).and_then(looking(0), *commands)
