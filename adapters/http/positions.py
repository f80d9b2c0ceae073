"""Reads that wait: for the position a client asks for, and for the account's own last write."""

import asyncio
import re
from collections.abc import Mapping

from adapters.http.answers.problems import Code, Problem
from adapters.http.callers.authentication import Caller
from adapters.http.port import ReadPort
from application.ports.event_store import START, Position

MIN_POSITION_HEADER = b"x-presage-min-position"

_POSITION = re.compile(rb"\d{1,19}", re.ASCII)


def requested_position(headers: Mapping[bytes, bytes]) -> Position:
    """Return the position that must be visible, :data:`START` if the client does not say."""
    text = headers.get(MIN_POSITION_HEADER)
    if text is None:
        return START
    if not _POSITION.fullmatch(text):
        raise Problem(Code.INVALID_HEADER, "X-Presage-Min-Position must be a position that a write gave")
    return Position(int(text))


async def await_visible(port: ReadPort, requested: Position, reader: Caller | None) -> None:
    """Wait until the read models show what was asked for, and what the reader itself last wrote.

    Raises :class:`Problem` if what was asked for does not show in time. One's own writes are waited for
    as a courtesy: an answer without them is better than none.
    """
    freshness = port.reads.freshness
    if requested > START:
        wait_s = port.settings.min_position_wait_s
        if not await _visible(port, await _with_money(port, requested, reader, wait_s), wait_s):
            raise Problem(
                Code.READ_MODEL_BEHIND,
                "the read models have not come that far yet",
                position=freshness.position,
            )
    if reader is not None:
        wait_s = port.settings.own_writes_wait_s
        own = port.own_writes.of(reader.account_id)
        await _visible(port, await _with_money(port, own, reader, wait_s), wait_s)


async def _with_money(port: ReadPort, position: Position, reader: Caller | None, wait_s: float) -> Position:
    """Return where in the log stands what a position means for the reader's money.

    What a market decided is booked a moment later: who canceled an order looks for the money it set free.
    """
    if reader is None or position <= START:
        return position
    booked = port.own_writes.booked(reader.account_id, position)
    if booked is not None:
        return booked
    try:
        async with asyncio.timeout(wait_s):
            booked = await port.exchange.booked(reader.account_id, position)
    except TimeoutError:
        return position
    port.own_writes.note_booked(reader.account_id, position, booked)
    return booked


async def _visible(port: ReadPort, position: Position, wait_s: float) -> bool:
    freshness = port.reads.freshness
    return position <= freshness.position or await freshness.await_position(position, wait_s)


async def show(port: ReadPort, position: Position) -> bool:
    """Wait a little for the read models to show a write; return whether they do."""
    return await _visible(port, position, port.settings.own_writes_wait_s)
