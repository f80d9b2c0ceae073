"""What two accounts have agreed on, worked out by hand beside what the market makes of it."""

from fractions import Fraction
from math import ceil
from random import Random

import pytest

from domain.identifiers import AccountId, OrderId, Ticker
from domain.market import commands as c
from domain.market import events as e
from domain.market.events import CrossedOrder
from domain.market.state import MarketState
from domain.market.vocabulary import Action, Side
from domain.quantities import Money, Quantity, Ticks
from tests.properties.exchange_life import DEAR, FINE
from tests.properties.mini_exchange import MiniExchange

ACCOUNTS = [AccountId(name) for name in ("ann", "bob", "cat")]
PLENTY = Money(2**62)
M = Ticker("M")


def fee(rate: tuple[int, int], grain: int, price: int, quantity: int) -> int:
    """Return a fill's fee, rounded up to the grain."""
    chance, contracts = Fraction(price, 10_000), Fraction(quantity, 100)
    dollars = contracts * (Fraction(rate[0], 10_000) * chance * (1 - chance) + Fraction(rate[1], 10_000))
    return ceil(dollars * 1_000_000 / grain) * grain


def holds(state: MarketState, account: AccountId) -> int:
    """Return how much more yes than no an account holds."""
    position = state.positions.get(account)
    return position.yes - position.no if position else 0


def put_in(state: MarketState, account: AccountId) -> int:
    position = state.positions.get(account)
    return position.paid if position else 0


def books(state: MarketState) -> list[tuple[int, int]]:
    return [level for side in Side for level in state.book.depth(side)]


def rate(fees: object, who: str) -> tuple[int, int]:
    made = getattr(fees, who)
    return made.quadratic_bps, made.flat_ticks


def part(random: Random, state: MarketState, name: str, account: AccountId, gains: Side) -> CrossedOrder:
    gives = Side.NO if gains is Side.YES else Side.YES
    position = state.positions.get(account)
    sells = position is not None and position.free(gives) > 0 and random.random() < 0.8
    return CrossedOrder(
        order_id=OrderId(name),
        account_id=account,
        side=gives if sells else gains,
        action=Action.SELL if sells else Action.BUY,
    )


@pytest.mark.parametrize("seed", range(40))
def test_both_hold_and_pay_what_was_agreed_and_the_book_stands_as_it_stood(seed: int) -> None:
    random, exchange = Random(seed), MiniExchange()
    fees = random.choice([DEAR, FINE])
    exchange.ask_market(M, c.CreateMarket(ticker=M, title="", fees=fees))
    exchange.ask_market(M, c.ActivateMarket())
    state, crossed = exchange.markets[M], 0
    for number in range(120):
        if random.random() < 0.5:
            bids = random.choice(list(Side))
            exchange.ask_market(
                M,
                c.PlaceOrder(
                    order_id=OrderId(f"o{number}"),
                    account_id=random.choice(ACCOUNTS),
                    side=bids,
                    action=Action.BUY,
                    quantity=Quantity(random.choice([50, 100, 700])),
                    price_ticks=Ticks(100 * random.randint(30, 60)),
                    reserved=PLENTY,
                ),
            )
            continue
        one, two = random.sample(ACCOUNTS, 2)
        gains = random.choice(list(Side))
        maker = part(random, state, f"m{number}", one, gains)
        taker = part(random, state, f"t{number}", two, Side.NO if gains is Side.YES else Side.YES)
        quantity = random.choice([1, 50, 300])
        before = {account: (holds(state, account), put_in(state, account)) for account in ACCOUNTS}
        book, best = books(state), (state.book.yes.best_ticks or 0, 10_000 - (state.book.no.best_ticks or 0))
        low, high = (max(3_500, best[0]), min(6_500, best[1])) if random.random() < 0.7 else (3_500, 6_500)
        price = 100 * random.randint(low // 100, high // 100)
        short = [
            order
            for order in (maker, taker)
            if order.action is Action.SELL and state.position(order.account_id).free(order.side) < quantity
        ]
        events, refused = exchange.decide(
            M,
            c.CrossOrders(
                quote_id=f"q{number}",
                price_ticks=Ticks(price),
                quantity=Quantity(quantity),
                maker=maker,
                taker=taker,
                maker_reserved=PLENTY,
                taker_reserved=PLENTY,
                now_us=0,
            ),
        )
        assert (refused is None) == (best[0] <= price <= best[1] and not short), (seed, number, refused)
        if refused is not None:
            continue
        crossed += 1
        redeemed = {each.account_id: each.payout for each in events if isinstance(each, e.PairsRedeemed)}
        for order, sign, who in (
            (maker, 1 if gains is Side.YES else -1, "maker"),
            (taker, -1 if gains is Side.YES else 1, "taker"),
        ):
            own_price = price if order.side is Side.YES else 10_000 - price
            value, buys = own_price * quantity, order.action is Action.BUY
            due = fee(rate(fees, who), fees.grain, price, quantity)
            due = due if buys else min(due, value)
            held, paid = before[order.account_id]
            assert holds(state, order.account_id) == held + sign * quantity
            cost = (value if buys else -value) + due - redeemed.get(order.account_id, 0)
            assert put_in(state, order.account_id) == paid + cost, (seed, number)
        assert books(state) == book
        exchange.log.clear()
    assert crossed > 10
