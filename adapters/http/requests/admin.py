"""What operators send."""

from functools import partial
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from adapters.http.requests.exact import (
    Contracts,
    Dollars,
    PositiveDollars,
    PriceDollars,
    Seconds,
    Whole,
    price_up_to,
    whole,
)
from adapters.http.requests.fields import (
    GroupField,
    NameField,
    RequestBody,
    TickerField,
    Word,
    largest,
    line,
    text,
)
from application.operations import HALF_A_DOLLAR
from application.requests import Requirement
from domain import fields as recorded
from domain.fees import FREE, FeeRate, FeeSchedule
from domain.group.commands import CreateGroup
from domain.market.commands import CENT_TICKS, CreateMarket
from domain.market.vocabulary import Result
from domain.quantities import CENT, Quantity, Ticks

_US_PER_S = 1_000_000
_MOST_BPS = largest(recorded.QuadraticBps)


def _decided(result: Result) -> Result:
    if result is Result.VOID:
        raise ValueError("must be yes or no; a market without a result is voided")
    return result


Bps = Annotated[
    int,
    BeforeValidator(partial(whole, most=_MOST_BPS)),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": _MOST_BPS}),
]
"""Hundredths of a percent."""

FlatFee = Annotated[Ticks, *price_up_to(largest(recorded.FlatTicks))]
FinalPrice = Annotated[Ticks, *price_up_to(largest(recorded.VoidPrice))]

Title = Annotated[str, line(recorded.Title, shortest=1)]
Rules = Annotated[str, text(recorded.RulesText)]
Category = Annotated[str, line(recorded.Category)]
Reason = Annotated[str, line(recorded.Explanation)]
Evidence = Annotated[str, text(recorded.Evidence)]


DecidedResult = Annotated[
    Word[Result], AfterValidator(_decided), WithJsonSchema({"type": "string", "enum": ["yes", "no"]})
]
"""A result that a market can be determined with."""


class FeeRateBody(RequestBody):
    """What a fill costs per contract: ``quadratic_bps`` / 10,000 x p x (1 - p), and a flat amount."""

    quadratic_bps: Bps = 0
    flat_dollars: FlatFee = Ticks(0)

    def rate(self) -> FeeRate:
        """Return the rate as the exchange knows it."""
        return FeeRate(quadratic_bps=self.quadratic_bps, flat_ticks=self.flat_dollars)


class FeesBody(RequestBody):
    """The fees of a market. An order's fees are rounded up to ``grain_dollars``."""

    maker: FeeRateBody = FeeRateBody()
    taker: FeeRateBody = FeeRateBody()
    grain_dollars: PositiveDollars = CENT

    def schedule(self) -> FeeSchedule:
        """Return the schedule as the exchange knows it."""
        return FeeSchedule(maker=self.maker.rate(), taker=self.taker.rate(), grain=self.grain_dollars)


class ConditionBody(RequestBody):
    """A market only counts if its parent ends as required."""

    parent_ticker: TickerField
    required_result: DecidedResult

    def requirement(self) -> Requirement:
        """Return the condition as the exchange knows it."""
        return Requirement(parent=self.parent_ticker, required=self.required_result)


class MarketBody(RequestBody):
    """A market to be listed. With a condition it is conditional from the start."""

    ticker: TickerField
    title: Title
    rules: Rules = ""
    category: Category = ""
    group_id: GroupField | None = None
    tick_size_dollars: PriceDollars = CENT_TICKS
    price_min_dollars: PriceDollars = Ticks(1)
    price_max_dollars: PriceDollars = Ticks(9_999)
    quantity_min_fp: Contracts = Quantity(1)
    quantity_step_fp: Contracts = Quantity(1)
    position_limit_fp: Contracts | None = None
    fees: FeesBody | None = None
    close_ts: Seconds | None = None
    condition: ConditionBody | None = None
    activate: bool = Field(default=False, description="Let trading begin at once.")

    def command(self) -> CreateMarket:
        """Return the command that lists the market."""
        return CreateMarket(
            ticker=self.ticker,
            title=self.title,
            rules=self.rules,
            category=self.category,
            group_id=self.group_id,
            tick_size_ticks=self.tick_size_dollars,
            price_min_ticks=self.price_min_dollars,
            price_max_ticks=self.price_max_dollars,
            quantity_min=self.quantity_min_fp,
            quantity_step=self.quantity_step_fp,
            position_limit=self.position_limit_fp,
            fees=self.fees.schedule() if self.fees else FREE,
            close_at_us=None if self.close_ts is None else self.close_ts * _US_PER_S,
        )


class GroupBody(RequestBody):
    """A group of mutually exclusive markets to be listed."""

    group_id: GroupField
    title: Title
    category: Category = ""
    series: NameField | None = None

    def command(self) -> CreateGroup:
        """Return the command that lists the group."""
        return CreateGroup(
            group_id=self.group_id, title=self.title, category=self.category, series=self.series or ""
        )


class ReasonBody(RequestBody):
    """Why."""

    reason: Reason = ""


class SeenBody(RequestBody):
    """Which version of the market it was decided on: at any other one nothing is done."""

    market_version: Whole | None = None


class FinalizeBody(SeenBody):
    """Let the result stand."""


class DetermineBody(SeenBody):
    """How a market ended, and what says so. One that ends without a result is voided."""

    result: DecidedResult
    evidence: Evidence = ""


class VoidBody(SeenBody, ReasonBody):
    """Why a market ends without a result, and what a yes share pays; a no share pays the rest."""

    yes_price_dollars: FinalPrice = HALF_A_DOLLAR


class DetermineGroupBody(RequestBody):
    """Which market of a group is yes, and what says so."""

    winner_ticker: TickerField
    evidence: Evidence = ""


class RulesBody(RequestBody):
    """A new rules text."""

    rules: Rules


class TickSizeBody(RequestBody):
    """A new price grid."""

    tick_size_dollars: PriceDollars


class MoneyBody(RequestBody):
    """An amount that comes in or goes out. The same reference counts once."""

    amount_dollars: Dollars
    reference: Annotated[str, line(recorded.Reference, shortest=1)]
