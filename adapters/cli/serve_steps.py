"""What ``presage serve`` does and says in whichever process the exchange is."""

from collections.abc import Iterator
from contextlib import AsyncExitStack

from adapters.bootstrap import Presage
from adapters.data_folder import DataFolder, HeldKey
from adapters.demo.opening import demonstration
from application.liquidity.house import liquidity
from application.shutdown import Step

REQUESTS_S = 30.0
"""How long requests that are under way have to end once the process is asked to."""


async def open_house(house: AsyncExitStack, presage: Presage, *, demo: bool) -> HeldKey | None:
    """Let the house trade, where it is to; return the key of who tries a demonstration."""
    if presage.settings.stakes:
        await house.enter_async_context(liquidity(presage.exchange, presage.settings.stakes))
    return await house.enter_async_context(demonstration(presage)) if demo else None


def closing_exchange(presage: Presage, house: AsyncExitStack | None) -> Iterator[Step]:
    """Yield what is done at the end once no more requests come in."""
    if house is not None:
        yield Step(name="house traders", action=house.aclose, limit_s=5)
    yield Step(name="notices", action=presage.hush, limit_s=10)
    yield from presage.exchange.closing


def keys_to_try(folder: DataFolder, trader: HeldKey | None) -> dict[str, object]:
    """Return the keys of a demonstration as they are printed."""
    if trader is None:
        return {}
    operator = folder.operator()
    assert operator is not None
    return {"demo_key": trader.document(), "operator_key": operator.document()}
