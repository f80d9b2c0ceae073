"""Reads that wait: for the position a client asks for, and for the account's own last write."""

import re
from collections.abc import Mapping

from adapters.http.authentication import Caller
from adapters.http.port import HttpPort
from adapters.http.problems import Code, Problem
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


async def await_visible(port: HttpPort, requested: Position, reader: Caller | None) -> None:
    """Wait until the read models show what was asked for, and what the reader itself last wrote.

    Raises :class:`Problem` if what was asked for does not show in time. One's own writes are waited for
    as a courtesy: an answer without them is better than none.
    """
    freshness = port.reads.freshness
    if requested > freshness.position and not await freshness.await_position(
        requested, port.settings.min_position_wait_s
    ):
        raise Problem(
            Code.READ_MODEL_BEHIND,
            "the read models have not come that far yet",
            position=freshness.position,
        )
    if reader is not None:
        await show(port, port.own_writes.of(reader.account_id))


async def show(port: HttpPort, position: Position) -> bool:
    """Wait a little for the read models to show a write; return whether they do."""
    freshness = port.reads.freshness
    return position <= freshness.position or await freshness.await_position(
        position, port.settings.own_writes_wait_s
    )
