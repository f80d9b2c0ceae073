"""Who sits in which audience, and the rounds in which audiences are written to."""

import asyncio
from collections.abc import Callable

from adapters.http.feed.audience import Audience, Part, Seat, Shape, shared
from adapters.http.feed.line import Line
from adapters.http.feed.subscription import Subscription
from application.ports.event_store import Position

AT_ONCE = 64
"""How many consumers are written to before others have their turn."""

PAUSE = 1.0
"""How long nothing is written after a round, in lengths of the round."""

LONGEST_CYCLE_S = 0.07
"""After how long at most a round follows upon another, if it did not last longer itself."""


def pause_s(took_s: float) -> float:
    """Return how long nothing is written after a round that took so long."""
    return max(0.0, min(PAUSE * took_s, LONGEST_CYCLE_S - took_s))


Hearing = Callable[[Subscription | Part], None]
"""Has a subscription told what happens, or told nothing more."""


class Seating:
    """Seats those who hear the same together, and has them told.

    ``enter`` and ``leave`` have somebody told what happens, and not.
    """

    def __init__(self, enter: Hearing, leave: Hearing) -> None:
        self._enter = enter
        self._leave = leave
        self._audiences: dict[Shape, Audience] = {}
        self._waiting: dict[Audience, None] = {}
        self._awake = asyncio.Event()
        self.written = 0

    @property
    def waiting(self) -> int:
        """How many messages wait to be written, counted for each who is to hear them."""
        return sum(each.waiting * len(each.seats) for each in self._waiting)

    # ----------------------------------------------------------------------------------------- who sits where

    def seat(self, line: Line, position: Position) -> None:
        """Seat a consumer with those who hear the same, once it has been told all up to a position."""
        if line.wire.framed is None or line.closed or len(line.outbox):
            return
        concerned = tuple(filter(shared, line.subscriptions.values()))
        if line.seat is not None:
            if line.seat.subscriptions == concerned:
                return
            self.rise(line.seat)
        if not concerned or not all(each.live and each.after <= position for each in concerned):
            return
        shape = tuple(
            (each.sid, each.channel, None if each.tickers is None else tuple(each.tickers))
            for each in concerned
        )
        audience = self._audiences.get(shape)
        if audience is None:
            audience = self._audiences[shape] = Audience(shape, self._wake)
            for part in audience.parts:
                self._enter(part)
        seat = line.seat = audience.seats[line] = Seat(audience, line, concerned)
        line.outbox.settle = seat.settle
        for subscription in concerned:
            subscription.seat = seat
            self._leave(subscription)

    def rise(self, seat: Seat) -> None:
        """Have a consumer told by itself again, beginning with what it has not been told yet."""
        seat.settle()
        line, audience = seat.line, seat.audience
        line.seat = line.outbox.settle = None
        for subscription in seat.subscriptions:
            subscription.seat = None
            self._enter(subscription)
        del audience.seats[line]
        if not audience.seats:
            for part in audience.parts:
                self._leave(part)
            del self._audiences[audience.shape]
            self._waiting.pop(audience, None)

    # ------------------------------------------------------------------------------------------------ rounds

    def _wake(self, audience: Audience) -> None:
        self._waiting[audience] = None
        self._awake.set()

    async def run(self) -> None:
        """Go round after round, as often as there is something to tell.

        The first is told at once. While there is much, a round is followed by a pause: what gathers meanwhile
        leaves in one piece.
        """
        now_s = asyncio.get_running_loop().time
        while True:
            await self._awake.wait()
            self._awake.clear()
            begun_s = now_s()
            for audience in list(self._waiting):
                await self._round(audience)
            await asyncio.sleep(pause_s(now_s() - begun_s))

    async def _round(self, audience: Audience) -> None:
        self._waiting.pop(audience, None)
        try:
            for number, written in enumerate(audience.round(), 1):
                self.written += written
                if number % AT_ONCE == 0:
                    await asyncio.sleep(0)
        finally:
            if audience.waiting and audience.seats:
                self._wake(audience)
