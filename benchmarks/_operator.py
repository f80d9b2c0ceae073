"""Furnishes an exchange over HTTP, as its operator: sooner than by a command for each thing."""

from pathlib import Path
from typing import Any

import httpx

from adapters.data_folder import DataFolder
from presage.signing import Signer

DOLLARS = "10000000"


class Operator:
    """The operator of a running exchange, whose key is in a data folder."""

    def __init__(self, url: str, folder: Path) -> None:
        self._folder = DataFolder(folder)
        key = self._folder.operator()
        assert key is not None
        self._signer = Signer(key.key_id, key.read())
        self._client = httpx.Client(base_url=url, timeout=60)

    def list_markets(self, tickers: list[str]) -> None:
        """List markets and open them."""
        for ticker in tickers:
            market = {"ticker": ticker, "title": "A market to measure with", "activate": True}
            self._post("/markets", market)

    def fund_traders(self, number: int) -> list[dict[str, Any]]:
        """Give traders money and keys; return the keys as the client of the benchmarks takes them."""
        return [self._funded(f"trader-{trader}") for trader in range(number)]

    def _funded(self, name: str) -> dict[str, Any]:
        self._post(f"/accounts/{name}/deposits", {"amount_dollars": DOLLARS, "reference": "bench"})
        made = self._post(f"/accounts/{name}/api_keys/generate", {"name": "bench"})
        held = self._folder.keep_key(
            made["api_key_id"], account_id=name, scopes=("read", "write"), private_pem=made["private_key"]
        )
        return dict(held.document())

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        target = f"/admin/v1{path}"
        answer = self._client.post(target, json=body, headers=self._signer.headers("POST", target))
        answer.raise_for_status()
        return dict(answer.json())

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def furnished(url: str, folder: Path, *, markets: list[str], traders: int) -> list[dict[str, Any]]:
    """List markets and fund traders; return their keys."""
    operator = Operator(url, folder)
    try:
        operator.list_markets(markets)
        return operator.fund_traders(traders)
    finally:
        operator.close()
