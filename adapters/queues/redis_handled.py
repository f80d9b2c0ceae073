"""The memory of handled messages, in a Redis that many processes share."""

from collections.abc import Sequence
from uuid import uuid4

from adapters.queues.limits import CLAIM_S, REMEMBERED, RETENTION_S
from adapters.queues.redis_connection import RedisConnection
from application.ports.handled import Standing

_CLAIM = """
local time = redis.call('TIME')
local now, standings = time[1] * 1000000 + time[2], {}
for at = 3, #ARGV do
  local until_us = redis.call('ZSCORE', KEYS[1], ARGV[at])
  if until_us and tonumber(until_us) > now then
    standings[at - 2] = 'handled'
  elseif redis.call('SET', KEYS[at - 1], ARGV[1], 'NX', 'PX', ARGV[2]) then
    standings[at - 2] = 'ours'
  else
    standings[at - 2] = 'under_way'
  end
end
return standings
"""

_REMEMBER = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
for at = 3, #ARGV do redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[at]) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -ARGV[2] - 1)
for at = 2, #KEYS do redis.call('DEL', KEYS[at]) end
"""

_GIVE_UP = """
for at = 1, #KEYS do
  if redis.call('GET', KEYS[at]) == ARGV[1] then redis.call('DEL', KEYS[at]) end
end
"""


class RedisHandled:
    """Remembers the latest ``remembered`` ids for ``retention_s``, for everybody who uses ``name``.

    Redis's clock counts. Memory is bounded by ``remembered``, and by the claims of ``claim_s``.
    """

    def __init__(
        self,
        url: str,
        name: str,
        *,
        retention_s: float = RETENTION_S,
        claim_s: float = CLAIM_S,
        remembered: int = REMEMBERED,
    ) -> None:
        self._connection = RedisConnection(url)
        self._name = name
        self._retention_us = round(retention_s * 1e6)
        self._claim_ms = round(claim_s * 1_000)
        self._remembered = remembered
        self._us = str(uuid4())
        redis = self._connection.redis
        self._claim = redis.register_script(_CLAIM)
        self._remember = redis.register_script(_REMEMBER)
        self._give_up = redis.register_script(_GIVE_UP)

    async def claim(self, ids: Sequence[str]) -> Sequence[Standing]:
        """Claim those ids that nobody has handled or claimed."""
        keys = [self._key("handled"), *self._claims(ids)]
        arguments: list[str | int] = [self._us, self._claim_ms, *ids]
        standings = await self._connection.ask(lambda: self._claim(keys=keys, args=arguments))
        return [Standing(standing.decode()) for standing in standings]

    async def remember(self, ids: Sequence[str]) -> None:
        """Take note that messages were handled."""
        keys = [self._key("handled"), *self._claims(ids)]
        arguments: list[str | int] = [self._retention_us, self._remembered, *ids]
        await self._connection.ask(lambda: self._remember(keys=keys, args=arguments))

    async def give_up(self, ids: Sequence[str]) -> None:
        """Give claims of one's own up."""
        await self._connection.ask(lambda: self._give_up(keys=self._claims(ids), args=[self._us]))

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    def _claims(self, ids: Sequence[str]) -> list[str]:
        return [self._key(f"claim:{each}") for each in ids]

    def _key(self, kind: str) -> str:
        return f"presage:handled:{{{self._name}}}:{kind}"
