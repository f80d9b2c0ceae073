"""Opens the limits that the settings name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from adapters.limits.file import read_limits
from application.health import Health
from application.limiting.limits import Limits
from application.limiting.tiers import LimitRules
from application.limiting.token_bucket import Buckets

OFF = "off"
ON = "on"


@asynccontextmanager
async def open_limits(
    wanted: str, redis_url: str | None, *, exchange: str, health: Health, here: Buckets | None = None
) -> AsyncIterator[Limits | None]:
    """Open limits: the usual ones (``on``), those of a file, or none (``off``).

    ``here`` are buckets of several processes on this machine, where there are any. With a Redis every process
    of the same exchange, wherever it is, counts in the same buckets. Raises
    :class:`adapters.rule_files.UnusableRules`.
    """
    if wanted == OFF:
        yield None
        return
    rules = limit_rules(wanted)
    if redis_url is None:
        yield Limits(rules, health, here=here)
        return
    from adapters.limits.redis import RedisTokenBucketRateLimiter  # noqa: PLC0415 - only where it is used

    shared = RedisTokenBucketRateLimiter(redis_url, prefix=f"presage:{exchange}")
    try:
        yield Limits(rules, health, here=here, shared=shared)
    finally:
        await shared.close()


def limit_rules(wanted: str) -> LimitRules:
    """Return the usual rules, or those of a file. Raises :class:`adapters.limits.file.UnusableRules`."""
    return LimitRules() if wanted == ON else read_limits(Path(wanted))
