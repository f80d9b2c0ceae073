"""A genuine EventStoreDB: the running one that ``EVENTSTOREDB_URI`` names, the program that
``EVENTSTOREDB_PROGRAM`` names, or a container where Docker answers.
"""

import atexit
import os
import shutil
import signal
import socket
import tempfile
from functools import cache
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urlsplit

import httpx

from tests.cluster.program import PROGRAM, Program

NAMED = os.environ.get("EVENTSTOREDB_URI", "")
IMAGE = "eventstore/eventstore:24.10.14"
"""The newest of the line that is supported for long."""

SUCCESSOR = "kurrentplatform/kurrentdb:26.1.2"
"""The same server under its newer name."""

GENUINE = "genuine"
"""What a server is called that is not started in a container."""

PORT = 2113
PATIENCE_S = 60

_running: list[object] = []
"""Kept for as long as the tests run: a container that nobody holds is removed."""


@cache
def docker_answers() -> bool:
    """Whether there is a Docker daemon to ask."""
    address = urlsplit(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock"))
    try:
        if address.scheme == "unix":
            with socket.socket(socket.AF_UNIX) as daemon:
                daemon.settimeout(2)
                daemon.connect(address.path)
        else:
            socket.create_connection((address.hostname or "", address.port or 2375), timeout=2).close()
    except OSError:
        return False
    return True


def genuine_servers() -> list[str]:
    """Return the genuine servers there are, by their images where they are started in containers."""
    if NAMED or PROGRAM:
        return [GENUINE]
    return [IMAGE, SUCCESSOR] if docker_answers() else []


@cache
def genuine_uri(server: str) -> str:
    """Return its address; it is started once for all tests, and ends with their process."""
    if NAMED:
        return NAMED
    return _started_program() if PROGRAM else _started_container(server)


def _started_program() -> str:
    folder = tempfile.mkdtemp(prefix="presage-eventstoredb-")
    server = Program(Path(folder))
    server.launch()

    def stop() -> None:
        server.end(signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    server.wait_until_it_serves()
    return server.uri


def _started_container(image: str) -> str:
    from testcontainers.core.container import DockerContainer

    prefix = "KURRENTDB" if image == SUCCESSOR else "EVENTSTORE"
    container = (
        DockerContainer(image)
        .with_exposed_ports(PORT)
        .with_env(f"{prefix}_INSECURE", "true")
        .with_env(f"{prefix}_MEM_DB", "true")
        .with_env(f"{prefix}_RUN_PROJECTIONS", "System")
        .with_env(f"{prefix}_START_STANDARD_PROJECTIONS", "true")
    )
    container.start()
    _running.append(container)
    host, port = container.get_container_host_ip(), container.get_exposed_port(PORT)
    _wait_until_live(f"http://{host}:{port}/health/live")
    return f"esdb://{host}:{port}?Tls=false"


def _wait_until_live(url: str) -> None:
    deadline = monotonic() + PATIENCE_S
    while monotonic() < deadline:
        try:
            if httpx.get(url, timeout=2).is_success:
                return
        except httpx.TransportError:
            pass
        sleep(0.2)
    raise TimeoutError(f"{url} did not answer within {PATIENCE_S} s")
