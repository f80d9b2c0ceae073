"""What is told of the past only."""

from typing_extensions import TypedDict

from adapters.http.answers.display import other_side, price_cents, price_dollars, timestamp
from application.rules_history import RulesVersion
from domain.quantities import Ticks


class PriceAtAnswer(TypedDict):
    """The last traded price at a time; nothing before the first trade."""

    ticker: str
    at_time: str
    yes_price: int | None
    yes_price_dollars: str | None
    no_price: int | None
    no_price_dollars: str | None


class RulesVersionAnswer(TypedDict):
    """A text of the rules, from when on it stood, and the version of the market from which on."""

    version: int
    rules: str
    since_time: str
    market_version: int


class RulesAnswer(TypedDict):
    """The texts of a market's rules, oldest first."""

    ticker: str
    versions: list[RulesVersionAnswer]


def rules_answer(version: RulesVersion) -> RulesVersionAnswer:
    """Return a text of the rules as it is told."""
    return RulesVersionAnswer(
        version=version.version,
        rules=version.rules,
        since_time=timestamp(version.at_us),
        market_version=version.revision,
    )


def price_at_answer(ticker: str, at_us: int, yes_ticks: Ticks | None) -> PriceAtAnswer:
    """Return a price of the past as it is told."""
    no_ticks = None if yes_ticks is None else other_side(yes_ticks)
    return PriceAtAnswer(
        ticker=ticker,
        at_time=timestamp(at_us),
        yes_price=None if yes_ticks is None else price_cents(yes_ticks),
        yes_price_dollars=None if yes_ticks is None else price_dollars(yes_ticks),
        no_price=None if no_ticks is None else price_cents(no_ticks),
        no_price_dollars=None if no_ticks is None else price_dollars(no_ticks),
    )
