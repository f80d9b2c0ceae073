"""Token buckets in a Redis, for all processes of an exchange: one script, one round trip, the server's time.

A bucket is a hash; it is gone once it would be full again and nothing is held against its sender.
"""

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from application.limiting.limits import SharedBucketsUnavailable
from application.limiting.token_bucket import MICRO, Decision, Outcome, Rate

TIMEOUT_S = 0.5
CONNECTIONS = 16
TURN_S = 5.0
"""How long a request waits for a connection: that many wait is no sign of a Redis that is away."""

SERVER_TIME = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
"""

# The same steps as in `application/limiting/token_bucket.py`; the contract suite holds the two together.
# A clock that was set back gives no tokens, and does not keep anybody in the box for longer than the longest.
TAKE = """
local rate, full, price = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local strikes_max, box, longest, forgiving =
    tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local b = redis.call('HMGET', KEYS[1], 'tokens', 'at', 'strikes', 'level', 'until', 'refused')
local tokens, at = tonumber(b[1] or full), tonumber(b[2] or now)
local strikes, level = tonumber(b[3] or 0), tonumber(b[4] or 0)
local till, refused = tonumber(b[5] or now), tonumber(b[6] or now)
if now < at then
    till, refused = math.min(till, now + longest), math.min(refused, now + longest)
end
tokens = math.min(full, tokens + math.max(0, now - at) * rate)
price = math.min(price, full)
local outcome, wait = 0, 0
if till > now then
    outcome, wait = 2, till - now
elseif price <= tokens then
    tokens = tokens - price
else
    outcome, wait = 1, math.ceil((price - tokens) / rate)
    if strikes_max > 0 then
        local forgiven = math.floor((now - refused) / forgiving)
        if forgiven > 0 then strikes, level = 0, math.max(0, level - forgiven) end
        refused, strikes = now, strikes + 1
        if strikes >= strikes_max then
            till = now + math.min(box * 2 ^ math.min(level, 32), longest)
            refused, strikes, level = till, 0, level + 1
            wait = math.max(wait, till - now)
        end
    end
end
local function whole(n) return string.format('%.0f', n) end
redis.call('HSET', KEYS[1], 'tokens', whole(tokens), 'at', whole(now), 'strikes', strikes, 'level', level,
    'until', whole(till), 'refused', whole(refused))
local held = 0
if strikes > 0 or level > 0 then held = refused - now + (level + 1) * forgiving end
redis.call('PEXPIRE', KEYS[1], math.ceil(math.max((full - tokens) / rate, held) / 1000) + 1000)
return {outcome, math.floor(tokens / 1000000), whole(wait)}
"""

_OUTCOMES = tuple(Outcome)


class RedisTokenBucketRateLimiter:
    """The limiter whose buckets all processes share."""

    def __init__(self, url: str, *, prefix: str, time_source: str = SERVER_TIME) -> None:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=TURN_S,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
        )
        self._redis: Redis = Redis.from_pool(pool)
        self._prefix = prefix
        # Loads itself again where the server has lost it.
        self._script = self._redis.register_script(time_source + TAKE)

    async def take(self, name: str, rate: Rate, cost: int = 1) -> Decision:
        """Take what a request costs, or refuse it. Raises :class:`SharedBucketsUnavailable`."""
        arguments = [
            rate.per_s,
            rate.burst * MICRO,
            cost * MICRO,
            rate.strikes,
            rate.box_s * MICRO,
            rate.box_longest_s * MICRO,
            rate.forgiven_s * MICRO,
        ]
        try:
            outcome, remaining, wait_us = await self._script(
                keys=[f"{self._prefix}:bucket:{name}"], args=arguments
            )
        except (RedisError, OSError) as error:
            raise SharedBucketsUnavailable(f"Redis is away: {str(error) or type(error).__name__}") from error
        return Decision(_OUTCOMES[outcome], remaining, int(wait_us))

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
