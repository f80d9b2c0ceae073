"""Whoever signs up at the demonstration gets money to play with, once."""

from contextlib import aclosing

from adapters.bootstrap import Presage
from adapters.demo.listing import fund
from application.ports.event_store import Filter
from application.streams import IDENTITY
from domain.identity.aggregate import CredentialSet
from domain.quantities import DOLLAR, Money

GIFT = Money(1_000 * DOLLAR)


async def give(presage: Presage) -> None:
    """Give every account with a password its money, those to come too, until cancelled."""
    matching = Filter(stream_prefixes=(IDENTITY,), types=(presage.codec.stored_type(CredentialSet),))
    async with aclosing(presage.store.subscribe(matching=matching)) as pages:
        async for page in pages:
            for recorded in page.events:
                event = presage.codec.decode(recorded).event
                assert isinstance(event, CredentialSet)
                await fund(presage.exchange, event.account_id, GIFT)
