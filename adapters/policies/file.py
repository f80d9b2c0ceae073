"""A policy from a file in TOML: what it does not name stays as it was."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from adapters.http.requests.exact import scaled
from adapters.rule_files import read_rules_file
from application.whatif.policy import OffGrid, Policy
from domain.fees import FeeRate, FeeSchedule, fee_rate
from domain.market.vocabulary import SelfTradePrevention
from domain.quantities import CENT, PAYOUT_TICKS, Money, Ticks

_Bps = Annotated[int, Field(ge=0, le=1_000_000, strict=True)]


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("must be written as a text, so that it is exact")  # noqa: TRY004 (pydantic's way)
    return value


def _price(value: object) -> Ticks:
    return Ticks(scaled(_text(value), 4))


def _money(value: object) -> Money:
    return Money(scaled(_text(value), 6))


_Price = Annotated[Ticks, BeforeValidator(_price)]
_Money = Annotated[Money, BeforeValidator(_money)]


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _RateForm(_Form):
    quadratic_bps: _Bps = 0
    flat_dollars: _Price = Ticks(0)

    def rate(self) -> FeeRate:
        return fee_rate(quadratic_bps=self.quadratic_bps, flat_ticks=self.flat_dollars)


class _FeesForm(_Form):
    maker: _RateForm = _RateForm()
    taker: _RateForm = _RateForm()
    grain_dollars: _Money = CENT

    def schedule(self) -> FeeSchedule:
        return FeeSchedule(maker=self.maker.rate(), taker=self.taker.rate(), grain=self.grain_dollars)

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if not 0 < self.grain_dollars <= 1_000_000:
            raise ValueError("grain_dollars must be more than nothing and at most a dollar")
        return self


class _TickForm(_Form):
    size_dollars: _Price
    off_grid: OffGrid = OffGrid.ROUND

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if not 0 < self.size_dollars < PAYOUT_TICKS or PAYOUT_TICKS % self.size_dollars:
            raise ValueError("size_dollars must divide a dollar")
        return self


class _SelfTradeForm(_Form):
    gives_way: SelfTradePrevention


class _PolicyForm(_Form):
    name: str = Field(min_length=1, max_length=200)
    fees: _FeesForm | None = None
    tick: _TickForm | None = None
    self_trade: _SelfTradeForm | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.fees is None and self.tick is None and self.self_trade is None:
            raise ValueError("a policy says fees, tick or self_trade; this one would change nothing")
        return self


def read_policy(path: Path) -> Policy:
    """Return what a file states. Raises :class:`adapters.rule_files.UnusableRules`, which says where."""
    form = read_rules_file(path, _PolicyForm)
    return Policy(
        name=form.name,
        fees=form.fees.schedule() if form.fees else None,
        tick_ticks=form.tick.size_dollars if form.tick else None,
        off_grid=form.tick.off_grid if form.tick else OffGrid.ROUND,
        gives_way=form.self_trade.gives_way if form.self_trade else None,
    )
