"""A real Prometheus, where this machine has one."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import yaml

T = TypeVar("T")

PROGRAM = shutil.which("prometheus")
PROMTOOL = shutil.which("promtool")

needs_prometheus = pytest.mark.skipif(
    PROGRAM is None, reason="no prometheus on PATH: only the grammar of the queries was checked"
)
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="no promtool on PATH: the rules were not tried")


def eventually(found: Callable[[], T], *, within_s: float = 90) -> T:
    """Wait until there is something, and return it."""
    until = time.monotonic() + within_s
    while not (result := found()):
        assert time.monotonic() < until, "it never came"
        time.sleep(0.2)
    return result


class Prometheus:
    """A running Prometheus."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def values(self, expr: str) -> list[float]:
        """Return what an expression gives now."""
        answer = self.client.get("/api/v1/query", params={"query": expr})
        assert answer.status_code == 200, (expr, answer.text)
        return [float(each["value"][1]) for each in answer.json()["data"]["result"]]

    def firing(self) -> list[dict[str, Any]]:
        """Return the labels of the alerts that fire."""
        alerts = self.client.get("/api/v1/alerts").json()["data"]["alerts"]
        return [each["labels"] for each in alerts if each["state"] == "firing"]


@contextmanager
def prometheus(
    folder: Path, *, target: str, rules: dict[str, Any], token: str | None = None
) -> Iterator[Prometheus]:
    """Run a Prometheus that scrapes a target every second, or more often."""
    assert PROGRAM is not None
    scraped: dict[str, Any] = {"job_name": "presage", "static_configs": [{"targets": [target]}]}
    if token is not None:
        scraped["authorization"] = {"credentials": token}
    settings = {
        "global": {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms"},
        "rule_files": ["rules.yml"],
        "scrape_configs": [scraped],
    }
    (folder / "rules.yml").write_text(yaml.safe_dump(rules))
    (folder / "prometheus.yml").write_text(yaml.safe_dump(settings))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [
        PROGRAM,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address={address}",
        "--log.level=error",
    ]
    with (
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process,
        httpx.Client(base_url=f"http://{address}") as client,
    ):
        try:
            eventually(lambda: _ready(client))
            yield Prometheus(client)
        finally:
            process.terminate()


def _ready(client: httpx.Client) -> bool:
    try:
        return client.get("/-/ready").status_code == 200
    except httpx.TransportError:
        return False
