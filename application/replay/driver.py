"""Replays recordings through the whole exchange: saga, store, matching, settlement."""

import asyncio
from collections.abc import Sequence

from application.exchange import Exchange
from application.ports.codec import EventCodec
from application.ports.event_store import EventStore
from application.replay.funding import Funding
from application.replay.playback import WINDOW, Playback
from application.replay.recording import Recording
from application.replay.report import Progress, ReplayReport
from application.verification.verify import verify


async def replay(
    recordings: Sequence[Recording],
    exchange: Exchange,
    *,
    store: EventStore,
    codec: EventCodec,
    progress: Progress | None = None,
    window: int = WINDOW,
) -> ReplayReport:
    """Replay recordings one after the other as fast as the exchange takes them, then verify its log.

    At most ``window`` instructions are under way at once. The exchange must be started. Raises the
    store's errors.
    """
    tell: Progress = progress or _silent
    funding = Funding(exchange)
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    files = [await Playback(recording, exchange, funding, tell, window).run() for recording in recordings]
    await exchange.settled()
    elapsed_s = loop.time() - began_s
    checked = await verify(store, codec, lambda events: tell("invariants", events, 0))
    return ReplayReport(
        files=files,
        elapsed_s=elapsed_s,
        invariants=checked.violations[0] if checked.violations else "ok",
        events=checked.events,
    )


def _silent(_what: str, _done: int, _of: int, /) -> None:
    pass
