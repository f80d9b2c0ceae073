"""Opens the sessions where the settings say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.sessions.memory import MemoryAttempts, MemorySessions
from application.ports.sessions import LoginAttempts
from application.sessions import SessionManager


@asynccontextmanager
async def open_sessions(
    redis_url: str | None, *, exchange: str
) -> AsyncIterator[tuple[SessionManager, LoginAttempts]]:
    """Open sessions in memory; with a Redis, those of all processes of the same exchange."""
    if redis_url is None:
        yield SessionManager(MemorySessions()), MemoryAttempts()
        return
    from adapters.sessions.redis import RedisAttempts, RedisSessions  # noqa: PLC0415 - only where it is used

    sessions = SessionManager(RedisSessions(redis_url, prefix=f"presage:{exchange}"))
    attempts = RedisAttempts(redis_url, prefix=f"presage:{exchange}")
    try:
        yield sessions, attempts
    finally:
        await attempts.close()
        await sessions.close()
