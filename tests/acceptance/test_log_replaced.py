"""The log of a running exchange is moved away or replaced: it is told, and nothing more is written."""

import asyncio
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.acceptance.event_stores import running_node
from tests.acceptance.presage_process import Server, presage_here, running_server

PATIENCE_S = 30


def moved_away(data: Path, backup: Path) -> None:
    (data / "log.db").rename(backup.with_name("original.db"))


def replaced(data: Path, backup: Path) -> None:
    shutil.copy(backup, data / "restored.db")
    (data / "restored.db").rename(data / "log.db")


def written_over(data: Path, backup: Path) -> None:
    shutil.copy(backup, data / "log.db")


def conditions(server: Server) -> tuple[int, list[dict[str, str]]]:
    answer = httpx.get(f"{server.url}/readyz")
    return answer.status_code, answer.json()["conditions"]


def told_of(server: Server) -> tuple[int, dict[str, str]]:
    """Return what the exchange says once it says that its log is another one.

    Other processes that read the log may say before that they cannot.
    """
    until = time.monotonic() + PATIENCE_S
    while True:
        status, told = conditions(server)
        if found := [each for each in told if each["code"] == "log_replaced"]:
            return status, found[0]
        assert time.monotonic() < until, "the exchange has not noticed"
        time.sleep(0.05)


@pytest.mark.parametrize("happens", [moved_away, replaced, written_over])
def test_an_exchange_whose_log_is_replaced_says_so_and_writes_nothing(
    tmp_path: Path, happens: Callable[[Path, Path], None]
) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup.db"
    # A backup of an earlier day.
    assert presage_here("keys", "create", "early", "--data", data).status == 0
    shutil.copy(data / "log.db", backup)
    with running_server(data, "--demo"):
        pass
    with running_server(data, "--demo") as server:
        assert presage_here("market", "pause", "MOON-28", "--data", data).status == 0
        assert conditions(server) == (200, [])
        happens(data, backup)
        status, condition = told_of(server)
        assert (status, condition["code"], condition["part"]) == (503, "log_replaced", "event log")
        assert "log.db" in condition["message"]
        refused = presage_here("market", "resume", "MOON-28", "--data", data, "--json")
        assert refused.json["error"]["code"] == "store_unavailable", refused
        # What lies there now is as it was put there: not a byte was written.
        there = data / "log.db"
        assert not there.exists() or there.read_bytes() == backup.read_bytes()


@pytest.mark.more
def test_a_server_that_comes_back_with_a_backup_of_its_log_gets_not_one_event(tmp_path: Path) -> None:
    data, kept, backup = tmp_path / "data", tmp_path / "node", tmp_path / "backup"
    with running_node(kept) as node, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRESAGE_EVENT_STORE", node.uri)
        for ticker in ("RAIN", "SNOW"):
            made = presage_here("market", "create", ticker, "--title", "?", "--data", data)
            assert made.status == 0, made
        asyncio.run(node.end(signal.SIGTERM))
        shutil.copytree(kept, backup)
        asyncio.run(node.start())
        with running_server(data) as server:
            assert presage_here("market", "pause", "SNOW", "--data", data).status == 0
            asyncio.run(node.end(signal.SIGKILL))
            shutil.rmtree(kept)
            shutil.copytree(backup, kept)
            asyncio.run(node.start())
            # It would fit: nothing had happened to this market since.
            refused = presage_here("market", "pause", "RAIN", "--data", data, "--json")
            assert (refused.status, refused.json["error"]["code"]) == (1, "store_unavailable"), refused
            assert told_of(server)[0] == 503
        written = presage_here("inspect", "market-RAIN", "--data", data, "--json")
        assert written.status == 0
        assert "MarketPaused" not in written.stdout
