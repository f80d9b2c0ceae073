"""The log of a running exchange is moved away or replaced: it is told, and nothing more is written."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.acceptance.presage_process import Server, presage_here, running_server


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
        until = time.monotonic() + 30
        while (told := conditions(server))[0] == 200:
            assert time.monotonic() < until, "the exchange has not noticed"
            time.sleep(0.05)
        status, [condition] = told
        assert (status, condition["code"], condition["part"]) == (503, "log_replaced", "event log")
        assert "log.db" in condition["message"]
        refused = presage_here("market", "resume", "MOON-28", "--data", data, "--json")
        assert refused.json["error"]["code"] == "store_unavailable", refused
        # What lies there now is as it was put there: not a byte was written.
        there = data / "log.db"
        assert not there.exists() or there.read_bytes() == backup.read_bytes()
