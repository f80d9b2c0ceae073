"""What traders do to their orders, touching every step of every saga; each can be cut short anywhere."""

from adapters.simulation.world import World
from application.requests import AmendRequest, OrderAccepted, OrderRequest
from domain.identifiers import AccountId, OrderId, Ticker
from domain.market.vocabulary import Action, OrderType, Side, TimeInForce
from domain.quantities import Quantity, Ticks

from .scenarios import A, B, C, fund, open_market


async def amend(
    world: World,
    account: AccountId,
    order: object,
    cents: int | None = None,
    contracts: int | None = None,
    name: str = "",
) -> object:
    if not isinstance(order, OrderAccepted):
        return None
    return await world.exchange.trading.amend(
        AmendRequest(
            account_id=account,
            order_id=OrderId(order.order_id),
            price_ticks=None if cents is None else Ticks(100 * cents),
            total=None if contracts is None else Quantity(100 * contracts),
            client_order_id=name,
        )
    )


async def amended(world: World) -> None:
    """Grow, rename, shrink and end orders; some are met while they are amended."""
    await fund(world)
    await open_market(world, "M")
    first = await world.place(A, "yes", "buy", 40, 10, client_order_id="a1")
    await amend(world, A, first, 45, 20)
    await amend(world, A, first, 46, name="a2")
    await amend(world, A, first, 46, name="a2")
    await world.place(B, "no", "buy", 54, 5, client_order_id="b1")
    await amend(world, A, first, contracts=12, name="a3")
    await amend(world, A, first, name="a4")
    second = await world.place(B, "no", "buy", 30, 8, client_order_id="b2")
    await amend(world, B, second, 56, 9, name="b3")
    offer = await world.place(A, "yes", "sell", 80, 4, client_order_id="a5")
    await amend(world, A, offer, 75, 5, name="a6")
    await world.place(C, "yes", "buy", 75, 2)
    await amend(world, A, offer, contracts=2)
    await amend(world, A, first, 50, name="a7")
    await world.exchange.settled()


async def canceled(world: World) -> None:
    """Place and take off many orders at once, in two markets."""
    trading = world.exchange.trading
    await fund(world)
    await open_market(world, "M")
    await open_market(world, "N")
    requests = [
        OrderRequest(
            account_id=account,
            ticker=Ticker(ticker),
            side=side,
            action=Action.BUY,
            quantity=Quantity(300),
            price_ticks=Ticks(100 * cents),
            client_order_id=f"{account}-{ticker}-{cents}",
            time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL if cents == 62 else TimeInForce.GOOD_TILL_CANCELED,
        )
        for ticker in ("M", "N")
        for account, side, cents in (
            (A, Side.YES, 40),
            (A, Side.YES, 39),
            (B, Side.NO, 58),
            (B, Side.NO, 62),
            (C, Side.NO, 57),
        )
    ]
    answers = await trading.place_many(requests)
    world.acknowledged += [answer.order_id for answer in answers if isinstance(answer, OrderAccepted)]
    await world.place(
        C, "yes", "buy", 70, 1, order_type=OrderType.STOP, stop_price_ticks=Ticks(6_500), ticker="M"
    )
    mine = [answer.order_id for answer in answers[:3] if isinstance(answer, OrderAccepted)]
    await trading.cancel_many(A, mine)
    await trading.cancel_all(C)
    await trading.cancel_all(B, Ticker("N"))
    await trading.place_many(requests[:2])
    await trading.cancel_all(A)
    await world.exchange.settled()


TRADER_STORIES = (amended, canceled)
