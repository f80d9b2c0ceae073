"""A market with makers, takers and, if wanted, somebody who manipulates it; every event comes with its label.

Orders go through the real rules of a market, in seeded, simulated time. What manipulators do is varied: how
fast, how large, how often, in how many accounts.
"""

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from random import Random
from uuid import UUID

from application.events import Cause, DomainEvent, Recorded
from application.ports.event_store import Position
from domain.decider import execute
from domain.identifiers import AccountId, OrderId, Ticker
from domain.market import commands as c
from domain.market.aggregate import MARKET
from domain.market.events import OrderPlaced, TradeExecuted
from domain.market.vocabulary import Action, SelfTradePrevention, Side, TimeInForce
from domain.quantities import Money, Quantity, Ticks

BEGIN_US = 1_790_000_000_000_000
NO_CAUSE = UUID(int=0)
PLENTY = Money(10**15)
Agent = Iterator[float]
"""What somebody does: yields how many seconds pass before the next step."""


class Life:
    """A market, the time in it, and all events so far."""

    def __init__(self, seed: int, ticker: str = "RAIN") -> None:
        self.random = Random(seed)
        self.now_us = BEGIN_US + self.random.randrange(3_600_000_000)
        self.ticker = ticker
        self.state = MARKET.initial()
        self.events: list[Recorded[DomainEvent]] = []
        self.fair = float(self.random.randint(30, 70))
        self.crowd = 0.0
        self.traded: dict[str, int] = {}
        self._agents: list[tuple[int, int, Agent]] = []
        self._count = 0
        self._do(c.CreateMarket(ticker=Ticker(ticker), title="Rain?", opens=True))

    def _do(self, command: c.MarketCommand) -> list[DomainEvent]:
        decided, _refused = execute(MARKET, self.state, command, self.now_us)
        cause = Cause(command_id=NO_CAUSE, correlation_id=NO_CAUSE, at_us=self.now_us)
        for event in decided:
            number = len(self.events)
            self.events.append(
                Recorded(
                    event=event,
                    id=UUID(int=number),
                    stream=f"market-{self.ticker}",
                    revision=number,
                    position=Position(number + 1),
                    cause=cause,
                )
            )
            if isinstance(event, TradeExecuted):
                for leg in (event.maker, event.taker):
                    self.traded[leg.order_id] = self.traded.get(leg.order_id, 0) + event.quantity
        return list(decided)

    def place(self, account: str, side: int, cents: int, contracts: int, *, at_once: bool = False) -> str:
        """Buy yes (1) at a price, or what comes to selling it (-1); return the order's id."""
        self._count += 1
        cents = min(99, max(1, cents))
        order = f"o{self._count}"
        self._do(
            c.PlaceOrder(
                order_id=OrderId(order),
                account_id=AccountId(account),
                side=Side.YES if side > 0 else Side.NO,
                action=Action.BUY,
                quantity=Quantity(100 * contracts),
                price_ticks=Ticks(100 * (cents if side > 0 else 100 - cents)),
                client_order_id=order,
                reserved=PLENTY,
                time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL if at_once else TimeInForce.GOOD_TILL_CANCELED,
                self_trade_prevention=SelfTradePrevention.MAKER,
                now_us=self.now_us,
            )
        )
        return order

    def cancel(self, account: str, order: str) -> None:
        self._do(c.CancelOrder(order_id=OrderId(order), account_id=AccountId(account)))

    def amend(self, account: str, order: str, cents: int, side: int) -> None:
        self._count += 1
        self._do(
            c.AmendOrder(
                order_id=OrderId(order),
                account_id=AccountId(account),
                amendment_id=f"a{self._count}",
                price_ticks=Ticks(100 * (cents if side > 0 else 100 - cents)),
                extra=PLENTY,
            )
        )

    def best(self, side: int) -> int:
        """Return the best price of a side in cents of yes, the far end where there is none."""
        levels = self.state.book.yes.levels if side > 0 else self.state.book.no.levels
        best = max((int(price) for price in levels), default=100)
        return best // 100 if side > 0 else 100 - best // 100

    def join(self, agent: Callable[["Life"], Agent], after_s: float = 0.0) -> None:
        heappush(self._agents, (self.now_us + int(after_s * 1e6), len(self._agents), agent(self)))

    def run(self, seconds: float) -> None:
        """Let everybody act until the time is over."""
        until, turn = self.now_us + int(seconds * 1e6), 1_000_000
        while self._agents and self._agents[0][0] <= until:
            self.now_us, _, agent = heappop(self._agents)
            pause_s = next(agent, None)
            if pause_s is not None:
                turn += 1
                heappush(self._agents, (self.now_us + max(1, int(pause_s * 1e6)), turn, agent))
        self.now_us = until


# --------------------------------------------------------------------------------- those who mean well


def news(life: Life) -> Agent:
    """What it is worth moves, and follows what is traded a little."""
    random = life.random
    while True:
        yield random.expovariate(1 / 4)
        life.fair += random.gauss(0, 0.6) + 0.2 * life.crowd
        life.crowd *= 0.8
        life.fair = min(90.0, max(10.0, life.fair))


def market_maker(name: str) -> Callable[[Life], Agent]:
    """Quotes several levels on both sides; moves them with the price, and at once when it was hit."""

    def act(life: Life) -> Agent:
        random = life.random
        size, levels = random.choice((20, 50, 100, 200)), random.randint(1, 5)
        half, pace_s = random.choice((1, 2, 3)), random.choice((0.4, 1.0, 3.0, 8.0))
        quotes: list[str] = []
        at, inventory = -1, 0
        while True:
            hit = any(life.traded.get(quote) for quote in quotes)
            skew = max(-2, min(2, -inventory // 500))
            middle = round(life.fair) + skew
            if middle != at or hit:
                for quote in quotes:
                    life.cancel(name, quote)
                quotes = [
                    life.place(name, side, middle - side * (half + level), size * random.randint(1, 3))
                    for side in (1, -1)
                    for level in range(levels)
                ]
                at = middle
            yield random.uniform(0.1, 0.5) if hit else pace_s * random.uniform(0.7, 1.3)

    return act


def crowd(life: Life) -> Agent:
    """Many small traders: most take, some leave orders; some take what they left off again."""
    random = life.random
    left: list[tuple[str, str]] = []
    while True:
        yield random.expovariate(1 / 1.5)
        who, side = f"trader-{random.randrange(40)}", random.choice((1, -1))
        if abs(life.crowd) > 0.5 and random.random() < 0.6:
            side = 1 if life.crowd > 0 else -1  # they run after it
        contracts = random.choice((1, 2, 5, 10, 10, 20, 40))
        kind = random.random()
        if kind < 0.65:
            life.place(who, side, life.best(-side), contracts, at_once=True)
        elif kind < 0.9 or not left:
            left.append(
                (who, life.place(who, side, round(life.fair) - side * random.randint(1, 6), contracts))
            )
        else:
            life.cancel(*left.pop(random.randrange(len(left))))


def day_trader(name: str) -> Callable[[Life], Agent]:
    """Buys and sells again, and pays the spread for it."""

    def act(life: Life) -> Agent:
        random = life.random
        while True:
            side, contracts = random.choice((1, -1)), random.choice((10, 20))
            life.place(name, side, life.best(-side), contracts, at_once=True)
            yield random.uniform(10, 60)
            life.place(name, -side, life.best(side), contracts, at_once=True)
            yield random.uniform(10, 60)

    return act


def hesitant(name: str) -> Callable[[Life], Agent]:
    """Changes its mind within a second now and then."""

    def act(life: Life) -> Agent:
        random = life.random
        while True:
            yield random.uniform(5, 20)
            order = life.place(name, 1, round(life.fair) - 2, random.randint(1, 20))
            yield random.uniform(0.3, 0.9)
            life.cancel(name, order)

    return act


# --------------------------------------------------------------------------------- those who do not


def rapid_canceler(life: Life) -> Agent:
    random = life.random
    side, lifetime = random.choice((1, -1)), random.uniform(0.02, 0.9)
    for _ in range(random.randint(30, 80)):
        order = life.place("bad", side, life.best(side) - side * random.randint(0, 2), random.randint(5, 80))
        yield lifetime * random.uniform(0.3, 1.05)
        life.cancel("bad", order)
        yield random.uniform(0.05, 0.9)


def layerer(life: Life) -> Agent:
    random = life.random
    side = random.choice((1, -1))
    for _ in range(random.randint(3, 6)):
        own = life.place("bad", side, life.best(-side) - side, random.randint(1, 10))
        layers = [
            life.place("bad", -side, life.best(-side) + side * level, random.randint(2_500, 6_000))
            for level in range(1, random.randint(3, 6) + 1)
        ]
        for _wait in range(200):
            if life.traded.get(own):
                break
            yield 0.2
        yield random.uniform(0.05, 0.6)
        for layer in layers:
            life.cancel("bad", layer)
        life.cancel("bad", own)
        yield random.uniform(5, 40)


def washers(life: Life) -> Agent:
    random = life.random
    ring = [f"bad-{number}" for number in range(random.choice((2, 2, 2, 3, 4)))]
    contracts = random.randint(20, 300)
    for round_ in range(random.randint(8, 14) * (len(ring) - 1)):
        while life.best(-1) - life.best(1) < 2:
            yield 0.5  # others would come in between
        seller, buyer = ring[round_ % len(ring)], ring[(round_ + 1) % len(ring)]
        cents = max(life.best(1) + 1, min(life.best(-1) - 1, round(life.fair)))
        life.place(seller, -1, cents, contracts)
        yield random.uniform(0.01, 0.4)
        life.place(buyer, 1, cents, contracts, at_once=True)
        yield random.uniform(1, 20)


def stuffer(life: Life) -> Agent:
    random = life.random
    pause = 1 / random.uniform(45, 120)
    for _ in range(random.randint(300, 700)):
        side = random.choice((1, -1))
        order = life.place("bad", side, life.best(side) - side * random.randint(3, 9), random.randint(1, 50))
        yield pause
        if random.random() < 0.3:
            life.amend("bad", order, min(98, max(2, life.best(side) - side * 10)), side)
            yield pause
        life.cancel("bad", order)
        yield pause


def igniter(life: Life) -> Agent:
    random = life.random
    side = 1 if life.fair < 55 else -1
    bought = 0
    begin = life.best(-side)
    for _ in range(40):
        order = life.place("bad", side, life.best(-side) + 3 * side, random.randint(200, 800), at_once=True)
        bought += life.traded.get(order, 0) // 100
        life.crowd += side * 1.5
        yield random.uniform(0.5, 2.5)
        if (life.best(-side) - begin) * side >= random.randint(9, 12):
            break
    yield random.uniform(2, 10)
    for _ in range(60):  # those who ran after it take it
        order = life.place("bad", -side, life.best(side) - 3 * side, max(1, bought // 4), at_once=True)
        bought -= life.traded.get(order, 0) // 100
        if bought <= 0:
            return
        yield random.uniform(1, 4)


MANIPULATORS: dict[str, Callable[[Life], Agent]] = {
    "rapid-cancel": rapid_canceler,
    "layering": layerer,
    "wash-trading": washers,
    "quote-stuffing": stuffer,
    "momentum-ignition": igniter,
}
"""Who is to be found by which rule."""


def lived(seed: int, rule: str | None = None, seconds: float = 420) -> Life:
    """Return a market's life, with somebody in it whom a rule is to find."""
    life = Life(seed)
    life.join(news)
    for number in range(3):
        life.join(market_maker(f"maker-{number}"), life.random.random())
    life.join(crowd)
    life.join(day_trader("day-trader"))
    life.join(hesitant("hesitant"))
    if rule is not None:
        life.join(MANIPULATORS[rule], life.random.uniform(20, 60))
    life.run(seconds)
    return life


def placed_by(life: Life, account: str) -> int:
    """Return how many orders an account placed."""
    return sum(
        isinstance(each.event, OrderPlaced) and each.event.account_id == account for each in life.events
    )
