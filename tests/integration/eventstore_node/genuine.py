"""A genuine EventStoreDB in a container, where Docker answers."""

import os
import socket
from functools import cache
from time import monotonic, sleep
from urllib.parse import urlsplit

import httpx

IMAGE = "eventstore/eventstore:24.10.5"
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


@cache
def genuine_uri() -> str:
    """Start the server, once for all tests; testcontainers removes it when the process ends."""
    from testcontainers.core.container import DockerContainer

    container = (
        DockerContainer(IMAGE)
        .with_exposed_ports(PORT)
        .with_env("EVENTSTORE_INSECURE", "true")
        .with_env("EVENTSTORE_MEM_DB", "true")
        .with_env("EVENTSTORE_RUN_PROJECTIONS", "System")
        .with_env("EVENTSTORE_START_STANDARD_PROJECTIONS", "true")
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
