"""An engine of several: an exchange that owns a part of the streams, asked by APIs and by other engines."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from adapters.bootstrap import Presage, open_presage
from adapters.engine_lines.listening import answering
from adapters.engine_lines.names import Doing
from adapters.http.cluster_desk import ClusterDesk
from adapters.settings import Settings
from application.cluster.membership import MembershipRefused, change, joining
from application.cluster.succession import Succession
from application.health import kept_running

HAND_OVER = "hand-over"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineProcess:
    """An engine while it is open. ``name_lost`` and ``over`` say when it is to end by itself."""

    presage: Presage
    name_lost: asyncio.Event
    over: asyncio.Event

    def leave(self) -> None:
        """Take no more questions: who asks is told that the engine is away, and nothing is begun."""
        engines = self.presage.engines
        assert engines is not None
        engines.post.refuse()


@asynccontextmanager
async def open_engine(settings: Settings, name: str) -> AsyncIterator[EngineProcess]:
    """Open an engine and have it begin its work.

    Raises :class:`adapters.engine_lines.names.NameTaken`, :class:`MembershipRefused`, and what
    :func:`adapters.bootstrap.open_presage` raises.
    """
    async with AsyncExitStack() as stack:
        presage = await stack.enter_async_context(open_presage(settings, engine=name))
        engines, exchange = presage.engines, presage.exchange
        assert engines is not None, "it was opened as one of several"
        desk = ClusterDesk(presage.port, exchange.directory, engines.placement, presage.tracing.endpoint)
        engines.post.accept = await stack.enter_async_context(
            answering(desk, lambda: exchange.ready, exchange.health)
        )
        name_lost = asyncio.Event()
        await stack.enter_async_context(
            engines.names.held(
                name, engines.post.address, name_lost, exchange.health, partial(_doing, presage)
            )
        )
        await _join(presage, name)
        await engines.placement.membership.look()
        await engines.look()
        succession = Succession(
            name,
            engines.placement,
            exchange,
            desk,
            presage.telling,
            unsent=lambda: presage.deliveries.waiting,
            store=presage.store,
            codec=presage.codec,
            clock=presage.port.clock,
            checkpoints=presage.checkpoints,
        )
        await succession.prepare()
        await stack.enter_async_context(presage.watch.running())
        await presage.start()
        following = asyncio.create_task(
            kept_running(succession.run, health=exchange.health, part=HAND_OVER), name=HAND_OVER
        )
        stack.callback(following.cancel)
        yield EngineProcess(presage=presage, name_lost=name_lost, over=succession.over)


def _doing(presage: Presage) -> Doing:
    exchange = presage.exchange
    return Doing(
        position=exchange.processes.position,
        commands=exchange.directory.waiting,
        notices=presage.deliveries.waiting,
    )


async def _join(presage: Presage, name: str) -> None:
    """Make the engine a member, if it never was one and as soon as nobody has to hand over."""
    while True:
        try:
            await change(presage.store, presage.codec, presage.port.clock, joining(name))
        except MembershipRefused as refused:
            if refused.code != "hand_over_under_way":
                raise
            await asyncio.sleep(0.2)
        else:
            return
