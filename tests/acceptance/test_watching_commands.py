"""``presage alerts`` and ``presage slo``: on a folder at rest, beside a running server, after a crash."""

import json
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.presage_process import presage_here, running_server


def eventually(found: Callable[[], Any]) -> Any:
    """Wait until there is something."""
    until = time.monotonic() + 40
    while not (result := found()):
        assert time.monotonic() < until, "it never came"
        time.sleep(0.1)
    return result


def objectives(data: Path) -> dict[str, Any]:
    told = presage_here("slo", "status", "--data", data, "--json")
    assert told.status == 0, told.stdout
    return {each["name"]: each for each in told.json["objectives"]}


def test_measurements_outlive_the_server_and_a_crash_is_time_lost(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        for _ in range(3):
            assert httpx.get(f"{server.url}/trade-api/v2/exchange/status").status_code == 200
        assert server.stop() == 0
    first = objectives(tmp_path)
    assert (first["availability"]["counted"], first["availability"]["bad"]) == (3, 0)
    assert first["uptime"]["bad"] == 0
    with running_server(tmp_path) as server:
        httpx.get(f"{server.url}/trade-api/v2/exchange/status")
        server.kill()
    kept = sqlite3.connect(tmp_path / "measurements.db")
    kept.execute("UPDATE process SET alive_s = alive_s - 100")
    kept.commit()
    kept.close()
    with running_server(tmp_path) as server:
        assert server.stop() == 0
    second = objectives(tmp_path)
    assert 100 <= second["uptime"]["bad"] <= 160
    assert second["uptime"]["left"] == 1_296 - second["uptime"]["bad"]
    report = presage_here(
        "slo", "report", "--data", tmp_path, "--format", "html", "--out", tmp_path / "r.html"
    )
    assert (report.status, "<svg" in (tmp_path / "r.html").read_text()) == (0, True)
    printed = presage_here("slo", "report", "--data", tmp_path)
    assert "| uptime | 99.95 % |" in printed.stdout
    assert presage_here("slo", "status", "--data", tmp_path).stdout.count("not measured") == 3
    assert (
        presage_here("slo", "report", "--data", tmp_path, "--json").json["objectives"][0]["name"]
        == "availability"
    )


def test_alerts_are_asked_of_the_running_server(tmp_path: Path) -> None:
    assert presage_here("alerts", "--data", tmp_path).stdout == "nothing to be alarmed about\n"
    assert presage_here("alerts", "--data", tmp_path, "--json").json["active"] == []


def test_a_folder_without_measurements_a_week_that_is_none_and_a_bad_file_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    none = presage_here("slo", "status", "--data", tmp_path, "--json")
    assert (none.status, none.json["error"]["code"]) == (1, "not_measured")
    for week in ("2026-W60", "yesterday", "2026-W1"):
        wrong = presage_here("slo", "report", "--week", week, "--data", tmp_path, "--json")
        assert (wrong.status, wrong.json["error"]["code"]) == (1, "usage"), week
    file = tmp_path / "slos.toml"
    file.write_text("[availability]\ntarget_percent = 100.5\n")
    monkeypatch.setenv("PRESAGE_SLOS", str(file))
    data = tmp_path / "data"
    for command in (("slo", "status"), ("market", "list"), ("serve", "--port", "0")):
        refused = presage_here(*command, "--data", data, "--json")
        assert refused.status == 1
        error = json.loads(refused.stdout.splitlines()[-1])["error"]
        assert error["code"] == "invalid_setting"
        assert error["message"].startswith(f"{file}: [availability]: availability: a target of 100.5 %")


def test_a_damaged_file_of_measurements_stops_nothing_but_the_measuring(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        assert server.stop() == 0
    for left in tmp_path.glob("measurements.db*"):
        left.unlink()
    (tmp_path / "measurements.db").write_bytes(b"this is no database, whatever its name says " * 40)
    with running_server(tmp_path) as server:
        told = eventually(lambda: httpx.get(f"{server.url}/readyz").json()["conditions"])
        assert (told[0]["part"], told[0]["code"], told[0]["stops"]) == (
            "service levels",
            "task_failed",
            "part",
        )
        assert "measurements.db" in told[0]["message"]
        assert httpx.get(f"{server.url}/readyz").status_code == 200
        status = presage_here("slo", "status", "--data", tmp_path, "--json")
        assert (status.status, status.json["error"]["code"]) == (1, "unusable_data")
        assert server.stop() == 0
