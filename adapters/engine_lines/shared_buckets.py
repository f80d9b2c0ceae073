"""Token buckets in memory that several processes have mapped: all of them draw from the same ones.

A bucket has one of a few places, which a digest of its name leads to; where all of these are taken, the one
not used for longest is forgotten. Who draws holds a lock of the kernel's on these places, which ends with the
process. One that was frozen in just those few microseconds does not hold the others up: they go on without,
and what they draw until it goes on may be given once more.
"""

import fcntl
import time
from collections.abc import Callable
from hashlib import blake2b
from struct import Struct

from application.limiting.token_bucket import MICRO, Bucket, Decision, Rate, draw, monotonic_us

SETS, WAYS = 1 << 14, 8

_BUCKET = Struct("6q")
_WORD = 8
_SET_BYTES = WAYS * (_WORD + _BUCKET.size)

BYTES = SETS * _SET_BYTES

PATIENCE_US, PAUSE_S = 200_000, 0.0002
"""For how long a lock is tried for, and how often: who has it needs but a moment, if it has a processor."""

FROZEN_US = 10_000_000
"""For how long nobody waits for a lock again that was not to be had."""


class MappedBuckets:
    """Buckets of all processes that have mapped the file behind ``descriptor``, in a part of it.

    ``secret`` is the same in all of them: nobody can choose names whose buckets have the same places.
    """

    def __init__(
        self,
        memory: memoryview,
        descriptor: int,
        secret: bytes,
        now_us: Callable[[], int] = monotonic_us,
    ) -> None:
        self._memory = memory
        self._words = memory.cast("q")
        self._descriptor = descriptor
        self._secret = secret
        self._now_us = now_us
        self._frozen_until_us: dict[int, int] = {}

    def take(self, name: str, rate: Rate, cost: int = 1) -> Decision:
        """Take what a request costs, or refuse it. More than a whole bucket costs just that."""
        digest = blake2b(name.encode(), digest_size=_WORD, key=self._secret).digest()
        number = int.from_bytes(digest, "little", signed=True) or 1
        places, decision = number % SETS, None
        while decision is None:
            locked = self._lock(places)
            try:
                decision = self._draw(places * _SET_BYTES, number, rate, cost)
            finally:
                if locked:
                    fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, places)
        return decision

    def _lock(self, places: int) -> bool:
        until_us = 0
        while True:
            try:
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, places)
            except OSError:
                now_us = monotonic_us()
                until_us = until_us or now_us + PATIENCE_US
                if self._frozen_until_us.get(places, 0) > now_us:
                    return False
                if now_us > until_us:
                    self._frozen_until_us[places] = now_us + FROZEN_US
                    return False
                time.sleep(PAUSE_S)
            else:
                return True

    def _draw(self, start: int, number: int, rate: Rate, cost: int) -> Decision | None:
        """Return the decision; ``None`` if that took so long that others may have gone on without a lock."""
        begun_us, now_us, first = monotonic_us(), self._now_us(), start // _WORD
        numbers = self._words[first : first + WAYS].tolist()
        found = number in numbers
        way = numbers.index(number) if found else self._longest_unused(start, numbers)
        at = start + WAYS * _WORD + way * _BUCKET.size
        bucket = Bucket(rate.burst * MICRO, now_us)
        if found:
            (
                bucket.tokens,
                bucket.at_us,
                bucket.strikes,
                bucket.level,
                bucket.until_us,
                bucket.refused_us,
            ) = _BUCKET.unpack_from(self._memory, at)
        decision = draw(bucket, rate, cost, now_us)
        if monotonic_us() - begun_us > PATIENCE_US // 2:
            return None
        if not found:
            self._words[first + way] = 0  # whoever is killed here leaves no bucket of two halves
        _BUCKET.pack_into(
            self._memory,
            at,
            bucket.tokens,
            bucket.at_us,
            bucket.strikes,
            bucket.level,
            bucket.until_us,
            bucket.refused_us,
        )
        if not found:
            self._words[first + way] = number
        return decision

    def _longest_unused(self, start: int, numbers: list[int]) -> int:
        if 0 in numbers:
            return numbers.index(0)
        begin = start + WAYS * _WORD
        used_us = [_BUCKET.unpack_from(self._memory, begin + way * _BUCKET.size)[1] for way in range(WAYS)]
        return used_us.index(min(used_us))
