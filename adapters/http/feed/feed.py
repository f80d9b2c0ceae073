"""The live feed of one process: its consumers, and what keeps it going."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import orjson

from adapters.http.answers.problems import Code, Problem
from adapters.http.callers.authentication import Caller
from adapters.http.callers.key_ring import KeysInForce
from adapters.http.callers.sessions import GoingSessions
from adapters.http.feed.channels import Channel, FeedCode, Refused
from adapters.http.feed.history import FeedLog, History
from adapters.http.feed.hub import Hub
from adapters.http.feed.limits import USUAL, FeedLimits
from adapters.http.feed.line import Line, Wire
from adapters.http.feed.messages import message
from adapters.http.feed.overseeing import Look, Overseeing
from adapters.http.feed.seating import AT_ONCE
from adapters.http.feed.subscription import Subscription
from application.health import Health, Trouble, kept_running
from application.limiting.token_bucket import Buckets, TokenBucketRateLimiter
from application.past import Past
from application.ports.clock import Clock
from application.ports.codec import EventCodec
from application.ports.event_store import Position
from application.ports.measures import Measure, counter, gauge
from application.ports.sessions import SessionsUnavailable
from domain.identifiers import AccountId
from projections.live.market_board import MarketBoard
from projections.reading.queries import AccountStanding, ReadModels

log = logging.getLogger(__name__)

PART = "live feed"

BEAT_S = 1.0
LOOK_S = 0.25
"""How often to look whether keys are in force, which costs nothing: they are remembered here."""

SESSIONS_EVERY = 4
"""At every so many of those looks sessions are asked for, which may be kept elsewhere."""

PATIENCE_S = 5.0
"""How long to wait for the read models to show what an account has done."""

BEHIND_S = 5.0
"""After how long without what is in the log the feed counts as standing still."""

SLOW = "slow consumer"
"""How the reason begins for which whoever does not keep up is sent away."""

_RESTARTING, _FORBIDDEN, _FAILED = 1012, 1008, 1011


class OtherFeeds(Protocol):
    """The feeds that other processes of this exchange have open."""

    def changed(self, whose: str, by: int) -> None:
        """Tell them that somebody has so many more open here, or fewer."""
        ...

    def elsewhere(self, whose: str) -> int:
        """Return how many somebody has open there."""
        ...


class Feed:
    """Tells consumers what happens; make it where the board is made, and run it while the process serves."""

    def __init__(
        self,
        *,
        board: MarketBoard,
        log: FeedLog,
        codec: EventCodec,
        past: Past,
        reads: ReadModels,
        keys: KeysInForce,
        sessions: GoingSessions,
        clock: Clock,
        health: Health,
        look: Look,
        limits: FeedLimits = USUAL,
        exempt: frozenset[str] = frozenset(),
        buckets: Buckets | None = None,
        others: OtherFeeds | None = None,
    ) -> None:
        self.limits = limits
        self.hub = Hub(board, self._lose, self._fail)
        self.history = History(log, codec, past, self.hub, at_once=limits.replays)
        self.buckets = buckets or TokenBucketRateLimiter()
        self.cuts = dict.fromkeys(("slow", "revoked", "failed", "closing"), 0)
        self._log = log
        self._reads = reads
        self._keys = keys
        self._sessions = sessions
        self._clock = clock
        self._health = health
        self._exempt = exempt
        self._others = others
        self._look_over = look
        self._overseeing = Overseeing()
        self._lines: dict[Line, None] = {}
        self._open: Counter[str] = Counter()
        self._dirty: dict[Line, None] = {}
        self._awake = asyncio.Event()
        self._sent = 0
        self._behind_since_s: float | None = None
        self.ending = False

    # ----------------------------------------------------------------------------------------- consumers

    def connect(self, wire: Wire, caller: Caller | None, address: str) -> Line:
        """Let a consumer in. Raises :class:`Problem` if there are too many, or too many of its own."""
        whose = _whose(caller, address)
        self._count(whose, 1)  # before it is looked how many there are: others may let one in just now
        try:
            self._admit(whose, caller, address)
        except Problem:
            self._count(whose, -1)
            raise
        line = Line(
            wire,
            caller=caller,
            address=address,
            limits=self.limits,
            ready=self._mark,
            slow=self._too_slow,
            now_s=asyncio.get_running_loop().time,
        )
        self._lines[line] = None
        return line

    def _admit(self, whose: str, caller: Caller | None, address: str) -> None:
        """Raise :class:`Problem` if there is no room for a consumer, who is counted already."""
        if self.ending:
            raise Problem(Code.STARTING, "the exchange is about to end; connect again in a moment")
        if len(self._lines) >= self.limits.sockets:
            raise Problem(Code.OVERLOADED, "too many feeds are open; try again later")
        if caller is not None:
            most = self.limits.sockets_per_account
        elif self.exempts(address):
            return
        else:
            most = self.limits.sockets_per_address
        elsewhere = self._others.elsewhere(whose) if self._others else 0
        if self._open[whose] + elsewhere > most:
            raise Problem(
                Code.TOO_MANY_FEEDS, f"{most} feeds are open already: that is as many as there may be"
            )

    def exempts(self, address: str) -> bool:
        """Return whether there is no bound to what comes from an address."""
        return address in self._exempt

    @asynccontextmanager
    async def account(self, account_id: AccountId) -> AsyncIterator[None]:
        """Have an account followed while the block runs. Raises :class:`Refused` if that takes too long."""

        async def standing(position: Position) -> AccountStanding:
            if not await self._reads.freshness.await_position(position, PATIENCE_S):
                raise Refused(FeedCode.CHANNEL_ERROR, "the read models are behind; try again in a moment")
            return await self._reads.portfolio.standing(account_id)

        async with self.hub.account(account_id, standing):
            yield

    def disconnect(self, line: Line) -> None:
        """Let a consumer go."""
        del self._lines[line]
        self._count(_whose(line.caller, line.address), -1)
        line.closed = True
        for task in line.replays:
            task.cancel()
        for subscription in line.subscriptions.values():
            self.hub.leave(subscription)
        self._dirty.pop(line, None)

    def _count(self, whose: str, by: int) -> None:
        self._open[whose] += by
        if not self._open[whose]:
            del self._open[whose]
        if self._others:
            self._others.changed(whose, by)

    def _mark(self, line: Line) -> None:
        self._dirty[line] = None
        self._awake.set()

    def _too_slow(self, line: Line) -> None:
        self.cut(
            line, "slow", _FORBIDDEN, f"{SLOW}: too much waits to be taken; come back with from_revision"
        )

    def _lose(self, subscriptions: Sequence[Subscription], why: str) -> None:
        """End subscriptions that cannot be told without a gap, and say so."""
        for line in self._lines:
            for subscription in subscriptions:
                if line.subscriptions.get(subscription.sid) is subscription:
                    del line.subscriptions[subscription.sid]
                    self.hub.leave(subscription)
                    line.outbox.put(_error_text(FeedCode.CHANNEL_ERROR, why, subscription.sid))

    def _fail(self) -> None:
        for line in list(self._lines):
            self.cut(line, "failed", _FAILED, "the feed has failed; come back with from_revision")

    def cut(self, line: Line, kind: str, code: int, reason: str) -> None:
        """End a consumer's connection, saying why."""
        if not line.closed:
            self.cuts[kind] += 1
            line.cut(code, reason)

    async def close(self) -> None:
        """Send everybody away: the process is about to end, and another may be there."""
        self.ending = True
        for line in list(self._lines):
            if line.seat is not None:
                line.seat.settle()
            line.flush()
            self.cut(line, "closing", _RESTARTING, "the exchange is restarting; connect again in a moment")
        await asyncio.sleep(0)

    # ------------------------------------------------------------------------------------------- at work

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tell what happens while the block runs."""
        works: tuple[tuple[str, Callable[[], object]], ...] = (
            ("writing", self._write),
            ("writing to many", self.hub.seating.run),
            ("heartbeat", self._beat),
            ("who may listen", self._look),
            ("operators", self._oversee),
        )
        tasks = [
            asyncio.create_task(
                kept_running(work, health=self._health, part=f"{PART}: {name}"),  # type: ignore[arg-type]
                name=f"{PART}: {name}",
            )
            for name, work in works
        ]
        try:
            yield
        finally:
            await self.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _write(self) -> None:
        """Write what waits to whoever has something waiting, in turns."""
        while True:
            await self._awake.wait()
            self._awake.clear()
            number = 0
            while self._dirty:
                line = next(iter(self._dirty))
                del self._dirty[line]
                self._sent += line.flush()
                self.hub.seating.seat(line, self.hub.position)
                number += 1
                if number % AT_ONCE == 0:
                    await asyncio.sleep(0)
            await asyncio.sleep(0)

    async def _beat(self) -> None:
        """Say every second how far the feed is behind the log, and see who takes nothing."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(BEAT_S)
            lag_s = await self._behind_s(loop.time())
            self._tell_beat(lag_s)
            for line in list(self._lines):
                if line.closed or line.stalled:
                    self.cut(line, "slow", _FORBIDDEN, f"{SLOW}: nothing was taken for too long")

    async def _oversee(self) -> None:
        """Tell operators every second how things stand; each is looked at again before anything is told."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(BEAT_S)
            if not self.hub.subscriptions_to(Channel.ADMIN):
                continue
            overview = await self._look_over()
            lag_s = await self._behind_s(loop.time())
            # Nothing is awaited between the look at those who listen and what they are told.
            await self._look_at_keys()
            self._overseeing.tell(
                self.hub.subscriptions_to(Channel.ADMIN),
                overview,
                message("admin_lag", self._lag(lag_s), self.hub.position),
            )

    def _tell_beat(self, lag_s: float) -> None:
        """Tell who asked for it that the feed is alive, and how much of it they have been told."""
        told = self._lag(lag_s)
        usual = message("heartbeat", told, self.hub.position)
        behind = {line.outbox: line.replayed_to for line in self._lines if line.replays}
        for subscription in self.hub.subscriptions_to(Channel.HEARTBEAT):
            position = behind.get(subscription.outbox)
            if position is None:
                subscription.tell(usual)
            else:
                subscription.tell(message("heartbeat", {**told, "position": position}, position))

    def _lag(self, lag_s: float) -> dict[str, int]:
        return {
            "ts_ms": self._clock.now_us() // 1_000,
            "lag_ms": round(lag_s * 1_000),
            "position": self.hub.position,
        }

    async def _behind_s(self, now_s: float) -> float:
        """Return for how long there has been something in the log that was not told."""
        head = await self._log.head()
        if max(self.hub.position, self._reads.freshness.position) >= head:
            self._behind_since_s = None
            self._health.clear(PART, Trouble.FEED_BEHIND)
            return 0.0
        if self._behind_since_s is None:
            self._behind_since_s = now_s
        behind_s = now_s - self._behind_since_s
        if behind_s > BEHIND_S:
            self._health.report(
                PART,
                Trouble.FEED_BEHIND,
                "what is in the log is not told: the projector of this process stands still, and says why",
            )
        return behind_s

    async def _look(self) -> None:
        """Send those away whose key or session is no longer in force."""
        turn = 0
        while True:
            await asyncio.sleep(LOOK_S)
            await self._look_at_keys()
            turn += 1
            if turn % SESSIONS_EVERY == 0:
                await self._look_at_sessions()

    async def _look_at_keys(self) -> None:
        for key_id in {line.caller.key_id for line in self._lines if line.caller and line.caller.key_id}:
            if await self._keys.find(key_id) is None:
                self._revoke(lambda caller, gone=key_id: caller.key_id == gone, "the key was revoked")

    async def _look_at_sessions(self) -> None:
        callers = (line.caller for line in self._lines)
        for caller in {each.session_id: each for each in callers if each and each.session_id}.values():
            if not await self._lasts(caller):
                ended = caller.session_id
                self._revoke(lambda each, gone=ended: each.session_id == gone, "the session has ended")

    async def _lasts(self, caller: Caller) -> bool:
        assert caller.session_id is not None
        try:
            return await self._sessions.lasts(caller.account_id, caller.session_id)
        except SessionsUnavailable:
            return True  # nobody can end one now either

    def _revoke(self, concerns: Callable[..., bool], why: str) -> None:
        for line in list(self._lines):
            if line.caller is not None and concerns(line.caller):
                self.cut(line, "revoked", _FORBIDDEN, why)

    # ------------------------------------------------------------------------------------------- watching

    @property
    def written(self) -> int:
        """How many messages have been written, counted for each who was."""
        return self._sent + self.hub.seating.written

    def measures(self) -> Iterator[Measure]:
        """Yield how many listen to what, and what became of those who did not keep up."""
        yield gauge("presage_feed_sockets", "Consumers of the live feed.", len(self._lines))
        yield gauge(
            "presage_feed_subscriptions",
            "Subscriptions to the live feed, of each market counted.",
            {(channel,): n for channel, n in self.hub.subscriptions.items()},
            "channel",
        )
        yield gauge(
            "presage_feed_waiting",
            "Messages that wait to be written.",
            sum(len(each.outbox) for each in self._lines) + self.hub.seating.waiting,
        )
        yield counter(
            "presage_feed_messages_written",
            "Messages of the live feed that were written.",
            self.written,
        )
        yield counter(
            "presage_feed_messages_made",
            "Messages that were made of events, for any number.",
            self.hub.messages,
        )
        yield counter("presage_feed_replays", "Replays that were begun.", self.history.replays)
        yield counter(
            "presage_feed_cut",
            "Consumers that were sent away.",
            {(why,): n for why, n in self.cuts.items()},
            "why",
        )


def _whose(caller: Caller | None, address: str) -> str:
    return f"address {address}" if caller is None else f"account {caller.account_id}"


def _error_text(code: FeedCode, why: str, sid: int) -> Callable[[], bytes]:
    told = orjson.dumps({"type": "error", "sid": sid, "msg": {"code": code, "msg": why}})
    return lambda: told
