"""``presage serve`` as a process of its own, on a data folder of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from adapters.data_folder import DataFolder
from tests.acceptance.presage_process import start_server
from tests.unit.http.keys import signed_headers


class Server:
    """A running server, and its operator at work."""

    def __init__(self, url: str, data: Path) -> None:
        self.url = url
        self.data = data
        operator = DataFolder(data).operator()
        assert operator is not None
        self._key_id = operator.key_id
        self._private_pem = operator.private_key_path.read_text()
        self._client = httpx.Client(base_url=url)

    def operate(self, path: str, body: dict[str, object], *, method: str = "POST") -> dict[str, str]:
        """Do something only operators may do."""
        target = f"/admin/v1{path}"
        headers = signed_headers(self._key_id, self._private_pem, method, target)
        answer = self._client.request(method, target, json=body, headers=headers)
        assert answer.is_success, answer.text
        document: dict[str, str] = answer.json()
        return document

    def open_account(self, account: str, *, dollars: int) -> tuple[str, str]:
        """Give an account money and a key; return the key's id and its private half."""
        money: dict[str, object] = {"amount_dollars": str(dollars), "reference": "start"}
        self.operate(f"/accounts/{account}/deposits", money)
        made = self.operate(f"/accounts/{account}/api_keys/generate", {"name": "test"})
        return made["api_key_id"], made["private_key"]

    def list_market(self, ticker: str, **more: object) -> None:
        """List a market and open it."""
        body: dict[str, object] = {"ticker": ticker, "title": f"{ticker}?", "activate": True}
        self.operate("/markets", body | more)

    def close(self) -> None:
        """Close the operator's connection."""
        self._client.close()


@contextmanager
def presage_serve(data: Path) -> Iterator[Server]:
    """Run a server until the end of the block."""
    process = start_server(data)
    try:
        server = Server(process.url, data)
        yield server
        server.close()
    finally:
        assert process.stop() == 0, "a server that is told to end ends well"
