"""Read models made in a process of their own: beside the exchange, or wherever ``presage projector`` runs."""

import json
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from adapters.data_folder import DataFolder
from presage.signing import Signer
from tests.acceptance.presage_process import PATIENCE_S, PRESAGE, Server, presage_here, running_server
from tests.databases import fresh_postgres

BALANCE = "/trade-api/v2/portfolio/balance"


def eventually(ask: Callable[[], Any]) -> Any:
    """Ask until the answer is true, and return it."""
    for _ in range(PATIENCE_S * 20):
        if answer := ask():
            return answer
        time.sleep(0.05)
    raise AssertionError("it never came to that")


def projector_of(server: Server) -> psutil.Process:
    """Return the projector that a server runs beside itself."""

    def found() -> psutil.Process | None:
        children = psutil.Process(server.process.pid).children(recursive=True)
        return next((each for each in children if "projector" in each.cmdline()), None)

    process: psutil.Process = eventually(found)
    return process


def deposit(folder: Path, amount: int) -> int:
    """Pay in, and return the position from which readers see it."""
    paid = presage_here("deposit", "alice", amount, "--data", folder, "--json")
    assert paid.status == 0, paid
    return int(paid.json["position"])


def balance(server: Server, folder: Path, position: int) -> httpx.Response:
    """Ask for alice's money as it is at a position at least."""
    key = DataFolder(folder).key_of("alice")
    assert key is not None
    headers = Signer(key.key_id, key.read()).headers("GET", BALANCE)
    asked = {**headers, "X-Presage-Min-Position": str(position)}
    return httpx.get(f"{server.url}{BALANCE}", headers=asked, timeout=20)


@contextmanager
def running_projector(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [PRESAGE, "projector", "--data", str(folder), *options], stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture(params=["sqlite", "postgres"])
def _database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if request.param == "sqlite":
        yield
        return
    with fresh_postgres() as address:
        monkeypatch.setenv("DATABASE_URL", address)
        yield


@pytest.mark.usefixtures("_database", "on_each_store")
def test_readers_see_every_write_whatever_happens_to_the_projector_beside(tmp_path: Path) -> None:
    presage_here("keys", "create", "alice", "--data", tmp_path)
    with running_server(tmp_path, "--projector", "beside") as server:
        first = deposit(tmp_path, 5)
        shown = eventually(lambda: (got := balance(server, tmp_path, first)).status_code == 200 and got)
        assert shown.json()["balance_dollars"] == "5.0000"

        projector_of(server).kill()
        second = deposit(tmp_path, 7)
        seen = eventually(lambda: (got := balance(server, tmp_path, second)).status_code == 200 and got)
        assert seen.json()["balance_dollars"] == "12.0000"
        token = (tmp_path / "metrics.token").read_text().strip()
        metrics = httpx.get(f"{server.url}/metrics", headers={"Authorization": f"Bearer {token}"}).text
        position = next(
            line for line in metrics.splitlines() if line.startswith("presage_read_models_position")
        )
        assert float(position.split()[1]) >= second

        projector = projector_of(server)
        assert server.stop() == 0
        assert not projector.is_running(), "it ends with the exchange"
    assert presage_here("verify", "--data", tmp_path).status == 0


def test_a_projector_does_not_outlive_an_exchange_that_is_killed(tmp_path: Path) -> None:
    with running_server(tmp_path, "--projector", "beside") as server:
        projector = projector_of(server)
        server.kill()
        assert projector.wait(PATIENCE_S) in (0, None)
    with running_server(tmp_path, "--projector", "beside") as again:
        assert again.stop() == 0


def test_an_exchange_whose_projector_is_elsewhere_waits_for_it(tmp_path: Path) -> None:
    presage_here("keys", "create", "alice", "--data", tmp_path)
    with running_server(tmp_path, "--projector", "elsewhere") as server:
        position = deposit(tmp_path, 5)
        late = balance(server, tmp_path, position)
        assert (late.status_code, late.json()["error"]["code"]) == (503, "read_model_behind")
        with running_projector(tmp_path, "--json") as projector:
            seen = eventually(lambda: (got := balance(server, tmp_path, position)).status_code == 200 and got)
            assert seen.json()["balance_dollars"] == "5.0000"
            assert projector.stdout is not None
            told = eventually(lambda: (line := json.loads(projector.stdout.readline()))["caught_up"] and line)
            assert told["position"] >= position
            assert (told["halted"], told["parked"], told["unavailable"]) == ({}, {}, "")


def test_a_projector_whose_rows_another_version_took_over_ends_and_says_so(tmp_path: Path) -> None:
    presage_here("keys", "create", "alice", "--data", tmp_path)
    with running_server(tmp_path, "--projector", "elsewhere"):
        projector = subprocess.Popen(
            [PRESAGE, "projector", "--data", str(tmp_path), "--json"], stdout=subprocess.PIPE, text=True
        )
        assert projector.stdout is not None
        assert eventually(lambda: json.loads(projector.stdout.readline())["caught_up"])
        with closing(sqlite3.connect(tmp_path / "read.db", timeout=PATIENCE_S)) as rows, rows:
            rows.execute("UPDATE checkpoints SET version = 99 WHERE name = 'portfolio'")
        deposit(tmp_path, 5)
        said, _ = projector.communicate(timeout=PATIENCE_S)
        assert projector.returncode == 1
        error = json.loads(said.splitlines()[-1])["error"]
        assert error["code"] == "unusable_read_model"
        assert "portfolio were replaced by version 99" in error["message"]


def test_a_projector_without_a_log_to_follow_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = presage_here("projector", "--data", tmp_path, "--json")
    assert (missing.status, missing.json["error"]["code"]) == (1, "unusable_data")
    assert str(tmp_path / "log.db") in missing.json["error"]["message"]
    monkeypatch.setenv("PRESAGE_EVENT_STORE", "memory")
    refused = presage_here("projector", "--data", tmp_path, "--json")
    assert (refused.status, refused.json["error"]["code"]) == (1, "no_log_to_follow")
    served = presage_here("serve", "--projector", "beside", "--data", tmp_path, "--json")
    assert (served.status, served.json["error"]["code"]) == (1, "invalid_setting")
