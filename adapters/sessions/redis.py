"""Sessions in a Redis, for all processes of an exchange. Time is the server's own.

Redis never holds the only copy of anything but sessions: when it is wiped, people log in again.
"""

import json
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, TypeVar, cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from adapters.cancellation import cancellable
from adapters.sessions.memory import FORGOTTEN_S, LONGEST_S
from application.ports.sessions import IDLE_S, LIFETIME_S, PER_ACCOUNT, Session, SessionsUnavailable
from domain.identifiers import AccountId

T = TypeVar("T")

Arguments = list[str | int]

CONNECTIONS = 16
TIMEOUT_S = 1.0

# A session is a hash under <prefix>:session:<digest>; the sessions of an account are the members of a sorted
# set under <prefix>:sessions:<account>, by when they were created. All times are in milliseconds.

_TIME = """
local function now()
    local t = redis.call('TIME')
    return t[1] * 1000 + math.floor(t[2] / 1000)
end
"""

_USED = """
local function used(key)
    local s = redis.call('HMGET', key, 'account', 'data', 'created')
    if not s[1] then return false end
    local at = now()
    local left = math.min(tonumber(ARGV[1]), s[3] + ARGV[2] - at)
    if left <= 0 then
        redis.call('DEL', key)
        return false
    end
    redis.call('HSET', key, 'used', at)
    redis.call('PEXPIRE', key, left)
    return {s[1], s[2], s[3], tostring(at), tostring(at + left)}
end
"""

_CREATE = f"""
{_TIME}
local at = now()
for _, digest in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
    if redis.call('EXISTS', ARGV[3] .. digest) == 0 then redis.call('ZREM', KEYS[2], digest) end
end
while redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[4]) do
    local oldest = redis.call('ZRANGE', KEYS[2], 0, 0)[1]
    redis.call('DEL', ARGV[3] .. oldest)
    redis.call('ZREM', KEYS[2], oldest)
end
redis.call('HSET', KEYS[1], 'account', ARGV[6], 'data', ARGV[7], 'created', at, 'used', at)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
local t = redis.call('TIME')  -- in the order in which they began, within a millisecond too
redis.call('ZADD', KEYS[2], t[1] * 1000000 + t[2], ARGV[5])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return {{ARGV[6], ARGV[7], tostring(at), tostring(at), tostring(at + ARGV[1])}}
"""

_GET = f"{_TIME}{_USED} return used(KEYS[1])"

_UPDATE = f"""
{_TIME}{_USED}
if redis.call('EXISTS', KEYS[1]) == 0 then return false end
redis.call('HSET', KEYS[1], 'data', ARGV[3])
return used(KEYS[1])
"""

_ROTATE = f"""
{_TIME}{_USED}
local account = redis.call('HGET', KEYS[1], 'account')
if not account then return false end
local index = ARGV[3] .. account
redis.call('RENAME', KEYS[1], KEYS[2])
redis.call('ZADD', index, redis.call('ZSCORE', index, ARGV[4]), ARGV[5])
redis.call('ZREM', index, ARGV[4])
return used(KEYS[2])
"""

_DESTROY = """
local account = redis.call('HGET', KEYS[1], 'account')
if not account then return 0 end
redis.call('ZREM', ARGV[1] .. account, ARGV[2])
return redis.call('DEL', KEYS[1])
"""

_OF_ACCOUNT = f"""
{_TIME}
local at, found = now(), {{}}
for _, digest in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    local key = ARGV[1] .. digest
    local s = redis.call('HMGET', key, 'account', 'data', 'created', 'used')
    if s[1] then
        local ends = tostring(at + redis.call('PTTL', key))
        table.insert(found, {{digest, s[1], s[2], s[3], s[4], ends}})
    end
end
return found
"""

_BEGIN = f"""
{_TIME}
local at, wait = now(), 0
for _, key in ipairs(KEYS) do
    wait = math.max(wait, (tonumber(redis.call('HGET', key, 'next')) or 0) - at)
end
if wait > 0 then return wait end
for n, key in ipairs(KEYS) do
    local beyond = redis.call('HINCRBY', key, 'count', 1) - ARGV[2 + n]
    local delay = beyond < 0 and 0 or math.min(2 ^ math.min(beyond, 20) * 1000, tonumber(ARGV[1]))
    redis.call('HSET', key, 'next', at + delay)
    redis.call('PEXPIRE', key, ARGV[2])
end
return 0
"""

_LIMITS = (IDLE_S * 1_000, LIFETIME_S * 1_000)


def _connected(url: str) -> Redis:
    return Redis(
        connection_pool=BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=10 * TIMEOUT_S,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
        )
    )


async def _asked(asking: Awaitable[T]) -> T:
    try:
        return await cancellable(asking)
    except (RedisError, OSError) as error:
        raise SessionsUnavailable(f"the Redis with the sessions cannot be used: {error}") from error


class RedisSessions:
    """Keeps sessions in a Redis under ``prefix``."""

    def __init__(self, url: str, *, prefix: str = "presage") -> None:
        self._redis = _connected(url)
        self._sessions = f"{prefix}:session:"
        self._accounts = f"{prefix}:sessions:"
        self._create = self._redis.register_script(_CREATE)
        self._get = self._redis.register_script(_GET)
        self._update = self._redis.register_script(_UPDATE)
        self._rotate = self._redis.register_script(_ROTATE)
        self._destroy = self._redis.register_script(_DESTROY)
        self._of_account = self._redis.register_script(_OF_ACCOUNT)

    async def create(self, digest: str, account_id: AccountId, data: Mapping[str, str]) -> Session:
        """Begin a session."""
        keys = [self._sessions + digest, self._accounts + account_id]
        arguments: Arguments = [
            *_LIMITS,
            self._sessions,
            PER_ACCOUNT,
            digest,
            account_id,
            json.dumps(dict(data)),
        ]
        return _session(digest, await _asked(self._create(keys=keys, args=arguments)))

    async def get(self, digest: str) -> Session | None:
        """Return a session that is being used."""
        return _maybe(digest, await _asked(self._get(keys=[self._sessions + digest], args=_LIMITS)))

    async def update(self, digest: str, data: Mapping[str, str]) -> Session | None:
        """Note other data with a session."""
        arguments: Arguments = [*_LIMITS, json.dumps(dict(data))]
        return _maybe(digest, await _asked(self._update(keys=[self._sessions + digest], args=arguments)))

    async def rotate(self, digest: str, successor: str) -> Session | None:
        """Have a session go on under another id."""
        keys = [self._sessions + digest, self._sessions + successor]
        arguments: Arguments = [*_LIMITS, self._accounts, digest, successor]
        return _maybe(successor, await _asked(self._rotate(keys=keys, args=arguments)))

    async def destroy(self, digest: str) -> bool:
        """End a session."""
        arguments: Arguments = [self._accounts, digest]
        return bool(await _asked(self._destroy(keys=[self._sessions + digest], args=arguments)))

    async def of_account(self, account_id: AccountId) -> Sequence[Session]:
        """Return the sessions of an account, the oldest first."""
        rows = await _asked(self._of_account(keys=[self._accounts + account_id], args=[self._sessions]))
        return [_session(row[0].decode(), row[1:]) for row in rows]

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()


class RedisAttempts:
    """Counts tries to log in, in a Redis under ``prefix``."""

    def __init__(self, url: str, *, prefix: str = "presage") -> None:
        self._redis = _connected(url)
        self._prefix = f"{prefix}:logins:"
        self._begin = self._redis.register_script(_BEGIN)

    async def begin(self, allowances: Mapping[str, int]) -> float:
        """Count a try for each name, or say how long to wait."""
        keys = [self._prefix + name for name in allowances]
        arguments = [int(LONGEST_S * 1_000), int(FORGOTTEN_S * 1_000), *allowances.values()]
        wait_ms = await _asked(self._begin(keys=keys, args=arguments))
        return int(wait_ms) / 1_000

    async def succeeded(self, name: str) -> None:
        """Forget the tries of a name."""
        await _asked(cast("Awaitable[Any]", self._redis.delete(self._prefix + name)))

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()


def _maybe(digest: str, row: Any) -> Session | None:
    return None if row is None else _session(digest, row)


def _session(digest: str, row: Sequence[bytes]) -> Session:
    account_id, data, *times = row
    created_ms, used_ms, ends_ms = (float(time) for time in times)
    return Session(
        digest=digest,
        account_id=AccountId(account_id.decode()),
        data=json.loads(data),
        created_at_s=created_ms / 1_000,
        used_at_s=used_ms / 1_000,
        ends_at_s=ends_ms / 1_000,
    )
