"""A lean HTTP client for load: a few keep-alive connections in its own process, requests made beforehand."""

import asyncio
import json
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

CONNECTIONS = 64
LOT = 1_000
"""How many requests are signed before they are sent: few enough for their signatures to stay fresh."""


class Signer:
    """Signs requests of one key, as traders' clients do."""

    def __init__(self, key_id: str, private_key: Path) -> None:
        key = serialization.load_pem_private_key(private_key.read_bytes(), password=None)
        assert isinstance(key, rsa.RSAPrivateKey)
        self._key = key
        self._key_id = key_id

    def request(self, method: str, path: str, body: bytes, *, at_ms: int) -> bytes:
        """Return a whole signed request."""
        message = f"{at_ms}{method}{path.partition('?')[0]}".encode()
        pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)
        signature = b64encode(self._key.sign(message, pss, hashes.SHA256())).decode()
        return plain_request(
            method,
            path,
            body,
            f"KALSHI-ACCESS-KEY: {self._key_id}\r\nKALSHI-ACCESS-TIMESTAMP: {at_ms}\r\n"
            f"KALSHI-ACCESS-SIGNATURE: {signature}\r\n",
        )


def plain_request(method: str, path: str, body: bytes = b"", headers: str = "") -> bytes:
    """Return a whole request."""
    head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\n{headers}"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


async def send(
    url: str, requests: Sequence[bytes], connections: int = CONNECTIONS, source: str = "127.0.0.1"
) -> dict[str, Any]:
    """Send all requests, each connection one at a time; return seconds, latencies in ms and statuses.

    ``source`` is the address they come from.
    """
    queue = iter(requests)
    latencies: list[float] = []
    statuses: dict[str, int] = {}
    started = time.perf_counter()
    await asyncio.gather(*(_connection(url, queue, latencies, statuses, source) for _ in range(connections)))
    return {"seconds": time.perf_counter() - started, "latencies_ms": latencies, "statuses": statuses}


async def _connection(
    url: str, queue: Iterator[bytes], latencies: list[float], statuses: dict[str, int], source: str
) -> None:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, local_addr=(source, 0))
    for request in queue:
        sent = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        await reader.readexactly(length)
        latencies.append(1_000 * (time.perf_counter() - sent))
        status = head[9:12].decode()
        statuses[status] = statuses.get(status, 0) + 1
    writer.close()
    await writer.wait_closed()


def main() -> None:
    """Carry out the work described on standard input and print the measurements, both JSON."""
    work = json.load(sys.stdin)
    signers = [Signer(key["key_id"], Path(key["private_key_path"])) for key in work["keys"]]
    total: dict[str, Any] = {"seconds": 0.0, "latencies_ms": [], "statuses": {}}
    lot = max(CONNECTIONS, LOT // work["orders_each"])
    bodies = [json.dumps(body).encode() if body else b"" for body in work["bodies"]]
    for first in range(0, len(bodies), lot):
        stamp = int(time.time() * 1_000)
        ready = [
            signers[number % len(signers)].request(work["method"], work["path"], body, at_ms=stamp)
            for number, body in enumerate(bodies[first : first + lot], start=first)
        ]
        measured = asyncio.run(send(work["url"], ready))
        total["seconds"] += measured["seconds"]
        total["latencies_ms"] += measured["latencies_ms"]
        for status, count in measured["statuses"].items():
            total["statuses"][status] = total["statuses"].get(status, 0) + count
    sys.stdout.write(json.dumps(total))


if __name__ == "__main__":
    main()
