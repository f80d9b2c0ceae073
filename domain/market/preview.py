"""What everybody would be paid, whichever way a market ended: asked before one of the ways is taken."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.identifiers import AccountId
from domain.market.invariants import collateral
from domain.market.state import MarketState, Position
from domain.quantities import PAYOUT_TICKS, Money, Ticks

HALF = Ticks(PAYOUT_TICKS // 2)
_NOTHING = Position()


class Ending(StrEnum):
    """How a market might end. ``UNWIND`` takes back trades: all of them, or those since some moment."""

    YES = "yes"
    NO = "no"
    VOID = "void"
    UNWIND = "unwind"


@dataclass(frozen=True, slots=True)
class Due:
    """What an account would get: out of the collateral, and of the fees that it paid. Below zero it owes."""

    payout: Money
    fees_returned: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Who would be due what under one ending. All of it is ``collateral``, or the ending cannot be paid."""

    ending: Ending
    dues: Mapping[AccountId, Due]
    collateral: Money

    @property
    def paid(self) -> Money:
        """What all get together, fees apart."""
        return Money(sum(due.payout for due in self.dues.values()))

    @property
    def fees_returned(self) -> Money:
        """What all get back of their fees."""
        return Money(sum(due.fees_returned for due in self.dues.values()))

    @property
    def owed(self) -> Money:
        """What some would have to give back, because they have taken out more than they put in."""
        total = (due.payout + due.fees_returned for due in self.dues.values())
        return Money(-sum(each for each in total if each < 0))

    @property
    def conserved(self) -> bool:
        """Whether exactly what is there is paid."""
        return self.paid == self.collateral


def previews(
    state: MarketState, *, void_price: Ticks = HALF, then: MarketState | None = None
) -> Iterator[Preview]:
    """Yield what each ending of a market that has not ended would pay.

    Trades are taken back to how the market stood ``then``: by default to before the first one.
    """
    worth = {Ending.YES: PAYOUT_TICKS, Ending.NO: 0, Ending.VOID: int(void_price)}
    whole = Money(collateral(state))
    for ending, yes_pays in worth.items():
        yield Preview(
            ending=ending,
            dues={
                account: _paid(position, yes_pays, fees=ending is Ending.VOID)
                for account, position in state.positions.items()
            },
            collateral=whole,
        )
    before = {} if then is None else then.positions
    yield Preview(
        ending=Ending.UNWIND,
        dues={
            account: _undone(state.positions.get(account, _NOTHING), before.get(account, _NOTHING))
            for account in dict.fromkeys((*state.positions, *before))
        },
        collateral=Money(whole - (0 if then is None else collateral(then))),
    )


def _paid(position: Position, yes_pays: int, *, fees: bool) -> Due:
    payout = yes_pays * position.yes + (PAYOUT_TICKS - yes_pays) * position.no
    return Due(Money(payout), Money(position.fees if fees else 0))


def _undone(now: Position, before: Position) -> Due:
    fees = now.fees - before.fees
    return Due(Money(now.paid - before.paid - fees), Money(fees))
