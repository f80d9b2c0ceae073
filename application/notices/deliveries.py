"""Sends what waits in the outbox: each webhook in a lane of its own, so that a slow one delays nobody else.

A lane sends one notice at a time, whichever is due first; one that was not taken is sent again by the plan,
and is given up when that ends. Only so many requests are under way at once.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from application.health import Health, Pauses, Trouble
from application.notices.notice import Delivery, Lane, Notice
from application.notices.plan import RetryPlan
from application.notices.webhooks import Webhooks
from application.ports.notices import Outbox, Sender, Timer, Wording
from application.sagas.place_order import Outcome, SagaState, advance

log = logging.getLogger(__name__)

PART = "webhooks"
WAITING_MAX = 10_000
"""How many notices may wait for one webhook; what comes on top is given up at once."""
AT_ONCE = 50
"""How many requests are under way at a time, of all webhooks together."""
CALM_S = (0.1, 30.0)
"""How long a webhook that took nothing is left alone, at first and at most."""

_US_PER_S = 1_000_000


class Deliveries:
    """A receiver that keeps notices for the webhooks of their accounts, and sends each until it is taken."""

    def __init__(
        self,
        webhooks: Webhooks,
        outbox: Outbox,
        sender: Sender,
        timer: Timer,
        wording: Wording,
        health: Health,
    ) -> None:
        self._webhooks = webhooks
        self._outbox = outbox
        self._sender = sender
        self._timer = timer
        self._wording = wording
        self._health = health
        self._plan = RetryPlan()
        self._waiting: Counter[Lane] = Counter()
        self._lanes: dict[Lane, asyncio.Task[None]] = {}
        self._woken: dict[Lane, asyncio.Event] = {}
        self._under_way = asyncio.Semaphore(AT_ONCE)
        self.outcomes: Counter[Outcome] = Counter()

    @property
    def waiting(self) -> int:
        """How many notices wait to be taken."""
        return self._waiting.total()

    @property
    def undelivered(self) -> int:
        """How many notices did not reach a webhook and wait for its owner."""
        return self._webhooks.undelivered

    async def resume(self) -> None:
        """Go on with what waits since before."""
        self._waiting = Counter(await self._outbox.waiting())
        for lane in self._waiting:
            self._open(lane)

    async def close(self) -> None:
        """Stop. What was under way is sent again another time."""
        lanes = list(self._lanes.values())
        for task in lanes:
            task.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)

    async def take(self, notices: Sequence[Notice]) -> None:
        """Keep what the accounts' webhooks are to be sent."""
        due: list[Delivery] = []
        room: Counter[Lane] = Counter()
        for notice in notices:
            for name, webhook in (await self._webhooks.of(notice.account_id)).items():
                again = notice.webhook is not None
                if again and name != notice.webhook:
                    continue
                if not again and (webhook.suspended or notice.order.cause.at_us < webhook.since_us):
                    continue
                delivery = self._delivery(notice, name)
                room[delivery.lane] += 1
                if self._waiting[delivery.lane] + room[delivery.lane] > WAITING_MAX:
                    await self._webhooks.give_up(delivery, f"{WAITING_MAX} others waited already")
                    self.outcomes[Outcome.GIVEN_UP] += 1
                else:
                    due.append(delivery)
        if due:
            self._waiting.update(await self._outbox.put(due))
            for lane in {delivery.lane for delivery in due}:
                self._open(lane)

    def _delivery(self, notice: Notice, webhook: str) -> Delivery:
        return Delivery(
            account_id=notice.account_id,
            webhook=webhook,
            notice_id=notice.id,
            ticker=notice.ticker,
            revision=notice.order.revision,
            body=self._wording(notice),
            due_us=self._timer.now_us(),
        )

    # -------------------------------------------------------------------------------------- lanes

    def _open(self, lane: Lane) -> None:
        self._woken.setdefault(lane, asyncio.Event()).set()
        if lane not in self._lanes:
            self._lanes[lane] = asyncio.create_task(self._run(lane), name=f"webhook {lane}")

    async def _run(self, lane: Lane) -> None:
        """Send until nothing waits. A fault of our own is told, and what it was about is sent again."""
        calm, woken = Pauses(*CALM_S), self._woken[lane]
        while True:
            try:
                woken.clear()
                delivery = await self._outbox.next(lane)
                if delivery is None:
                    # No await from here on: whoever puts something in opens the lane anew.
                    if not woken.is_set():
                        del self._lanes[lane], self._woken[lane], self._waiting[lane]
                        return
                    continue
                wait_us = delivery.due_us - self._timer.now_us()
                if wait_us > 0:
                    await self._timer.pause(wait_us / _US_PER_S, woken)
                    continue
                taken = await self.send(delivery)
                self._health.clear(PART, Trouble.NOTICES_FAILED)
            except Exception as error:  # whatever it is must not end the lane
                log.warning("the webhook %s of %s waits", lane[1], lane[0], exc_info=True)
                self._health.report(PART, Trouble.NOTICES_FAILED, f"{error!r}; it is tried again")
                taken = False
            if taken:
                calm.begin_again()
            else:
                await self._timer.pause(calm.next_s(), asyncio.Event())

    async def send(self, delivery: Delivery) -> bool:
        """Take the step *notify* for one webhook; return whether it was taken."""
        webhook = (await self._webhooks.of(delivery.account_id)).get(delivery.webhook)
        if webhook is None:  # removed since
            await self._outbox.clear(delivery.lane)
            del self._waiting[delivery.lane]
            return True
        async with self._under_way:
            fault = await self._sender.send(webhook.url, delivery.notice_id, delivery.body)
        tries = delivery.tries + (fault is not None)
        tried = replace(delivery, tries=tries)
        pause_s = None if fault is None else self._plan.pause_s(tries, self._timer.chance())
        outcome = _outcome(fault, pause_s)
        self.outcomes[outcome] += 1
        match advance(SagaState.NOTIFYING, outcome):
            case SagaState.NOTIFYING:
                assert pause_s is not None
                due_us = self._timer.now_us() + int(pause_s * _US_PER_S)
                await self._outbox.postpone(replace(tried, due_us=due_us))
            case state:
                if state is SagaState.UNDELIVERED:
                    # First in the log: a crash in between has it given up again, which changes nothing.
                    await self._webhooks.give_up(tried, fault or "")
                await self._outbox.remove(delivery)
                self._waiting[delivery.lane] -= 1
        return fault is None


def _outcome(fault: str | None, pause_s: float | None) -> Outcome:
    if fault is None:
        return Outcome.DONE
    return Outcome.GIVEN_UP if pause_s is None else Outcome.FAILED
