"""A server that may open few files has many connections that say nothing: it goes on answering."""

import resource
import socket
from contextlib import ExitStack
from pathlib import Path

import httpx

from tests.acceptance.presage_process import presage_here, running_server

DESCRIPTORS, SILENT = 256, 500


def test_silent_connections_do_not_shut_a_server_of_few_descriptors(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as stack:
        resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, hard))
        try:
            server = stack.enter_context(running_server(tmp_path))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        address = (httpx.URL(server.url).host, httpx.URL(server.url).port or 0)
        for _ in range(SILENT):
            stack.enter_context(socket.create_connection(address))
        assert httpx.get(f"{server.url}/readyz").json() == {"status": "ready", "conditions": []}
        # What it opens besides, files and connections of its own, has its share.
        made = presage_here("keys", "create", "ann", "--data", tmp_path, "--json")
        assert made.status == 0, made
