"""Opens the demonstration on an exchange that is open."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from adapters.bootstrap import Presage
from adapters.data_folder import HeldKey
from adapters.demo.gifts import give
from adapters.demo.house import House
from adapters.demo.listing import TRADER, list_everything
from adapters.demo.questions import QUESTIONS
from adapters.http.callers.signing import generate_key_pair
from application.health import kept_running
from application.requests import Accepted
from domain.identity.aggregate import Scope

SEED = 7


@asynccontextmanager
async def demonstration(presage: Presage, seed: int = SEED) -> AsyncIterator[HeldKey]:
    """List markets and let the house trade while the block runs; give the key of the trader who tries it."""
    await list_everything(presage.exchange)
    key = await _trader_key(presage)
    house = House(presage.exchange, QUESTIONS, seed)
    await house.open()
    health = presage.exchange.health
    gifts = partial(give, presage)
    tasks = [
        asyncio.create_task(kept_running(house.run, health=health, part="house traders")),
        asyncio.create_task(kept_running(gifts, health=health, part="gifts for new accounts")),
    ]
    try:
        yield key
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _trader_key(presage: Presage) -> HeldKey:
    """Return the trader's key in the folder, making one if none of them is in force."""
    key = presage.folder.key_of(TRADER)
    known = await presage.exchange.directory.identity(TRADER).state()
    if key is not None and key.key_id in known.keys:
        return key
    private_pem, public_pem = generate_key_pair()
    scopes = (Scope.READ, Scope.TRADE)
    key_id, answer = await presage.exchange.keys.create(
        TRADER, name="demonstration", public_key_pem=public_pem, scopes=scopes
    )
    assert isinstance(answer, Accepted)
    return presage.folder.keep_key(key_id, account_id=TRADER, scopes=scopes, private_pem=private_pem)
