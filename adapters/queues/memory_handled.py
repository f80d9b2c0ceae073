"""The memory of handled messages, in this process."""

from collections import OrderedDict
from collections.abc import Sequence

from adapters.queues.limits import CLAIM_S, REMEMBERED, RETENTION_S
from application.ports.clock import Clock
from application.ports.handled import Standing


class InMemoryHandled:
    """Remembers the latest ``remembered`` ids for ``retention_s``; claims last for ``claim_s``."""

    def __init__(
        self,
        *,
        clock: Clock,
        retention_s: float = RETENTION_S,
        claim_s: float = CLAIM_S,
        remembered: int = REMEMBERED,
    ) -> None:
        self._clock = clock
        self._retention_us = round(retention_s * 1e6)
        self._claim_us = round(claim_s * 1e6)
        self._remembered = remembered
        self._until_us: OrderedDict[str, int] = OrderedDict()
        self._claims: OrderedDict[str, int] = OrderedDict()

    async def claim(self, ids: Sequence[str]) -> Sequence[Standing]:
        """Claim those ids that nobody has handled or claimed."""
        now_us = self._clock.now_us()
        _forget(self._until_us, now_us)
        _forget(self._claims, now_us)
        return [self._claim(each, now_us) for each in ids]

    async def remember(self, ids: Sequence[str]) -> None:
        """Take note that messages were handled."""
        until_us = self._clock.now_us() + self._retention_us
        for each in ids:
            self._claims.pop(each, None)
            self._until_us[each] = until_us
            self._until_us.move_to_end(each)
        while len(self._until_us) > self._remembered:
            self._until_us.popitem(last=False)

    async def give_up(self, ids: Sequence[str]) -> None:
        """Give claims up."""
        for each in ids:
            self._claims.pop(each, None)

    def _claim(self, name: str, now_us: int) -> Standing:
        if name in self._until_us:
            return Standing.HANDLED
        if name in self._claims:
            return Standing.UNDER_WAY
        self._claims[name] = now_us + self._claim_us
        return Standing.OURS


def _forget(until_us: OrderedDict[str, int], now_us: int) -> None:
    """Drop what is over: what was noted first is over first."""
    while until_us and next(iter(until_us.values())) <= now_us:
        until_us.popitem(last=False)
