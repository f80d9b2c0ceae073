"""Speaking to the exchange under test alone: where nobody answers, its folder is not opened here instead."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from adapters.cli.client import ExchangeClient
from adapters.cli.transport import ServerTransport
from adapters.data_folder import DataFolder

_ANSWER_S = 30.0


@contextmanager
def client(url: str, folder: DataFolder) -> Iterator[ExchangeClient]:
    """Open a way to a server."""
    transport = ServerTransport(url, _ANSWER_S)
    try:
        yield ExchangeClient(transport, folder)
    finally:
        transport.close()


def readiness(url: str, *, within_s: float) -> tuple[int, dict[str, Any]]:
    """Return what ``/readyz`` answers, status 0 where nothing does within some time."""
    address = urlsplit(url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=within_s)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    except (OSError, HTTPException, ValueError):
        return 0, {}
    finally:
        connection.close()
