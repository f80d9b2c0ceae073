"""A real HTTP server that takes notices, or does not."""

import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


@dataclass
class Request:
    """What came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    def is_signed_by(self, public_key: str) -> bool:
        """Check the signature as the Standard Webhooks specification says."""
        key = Ed25519PublicKey.from_public_bytes(b64decode(public_key.removeprefix("whpk_")))
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        version, _, signature = self.headers["webhook-signature"].partition(",")
        assert version == "v1a"
        try:
            key.verify(b64decode(signature), signed)
        except InvalidSignature:
            return False
        return True


@dataclass
class Listener:
    """Where it listens, what came, and what the next request is answered."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    answer: Callable[[int], tuple[int, dict[str, str], bytes]] = lambda _: (204, {}, b"")
    came: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, requests: int, patience_s: float = 30) -> None:
        """Wait until so many have come."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.requests) >= requests, patience_s), self.requests


@contextmanager
def listening() -> Iterator[Listener]:
    """Listen on a free port of this machine."""
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with listener.came:
                listener.requests.append(Request(self.path, headers, body))
                status, more, content = listener.answer(len(listener.requests))
                listener.came.notify_all()
            self.send_response(status)
            for name, value in {"content-length": str(len(content)), **more}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    listener.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
