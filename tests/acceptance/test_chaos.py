"""Every experiment is run for real, one that is to fail does, and what was broken is always restored."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.acceptance.presage_process import PRESAGE, presage_here, running_server

pytest.importorskip("chaoslib", reason="the Chaos Toolkit is not installed")

from adapters.chaos.proxy import TcpProxy, to_port
from adapters.chaos.running import usual

ROOT = Path(__file__).parents[2]
PATIENCE_S = 240
NAMES = sorted(usual())


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)}


def chaos(*arguments: object) -> tuple[int, Any]:
    """Run ``presage chaos run``; return its status and what it says."""
    done = subprocess.run(
        [PRESAGE, "chaos", "run", *map(str, arguments), "--json"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env=environment(),
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def action(func: str, module: str = "adapters.chaos.actions", **arguments: Any) -> dict[str, Any]:
    provider = {"type": "python", "module": module, "func": func, "arguments": arguments}
    return {"type": "action", "name": func, "provider": provider}


def experiment(folder: Path, steps: Sequence[dict[str, Any]], **changes: Any) -> Path:
    """Write an experiment with another method than a usual one."""
    usual_one = json.loads(usual()["kill-exchange"].read_text())
    file = folder / "experiment.json"
    file.write_text(json.dumps(usual_one | {"method": list(steps)} | changes))
    return file


def processes() -> list[psutil.Process]:
    return [each for each in psutil.process_iter() if each.status() != psutil.STATUS_ZOMBIE]


def words_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def left_over(data: str) -> list[psutil.Process]:
    """Return the processes that still work on a folder."""
    found = []
    for process in processes():
        with suppress(psutil.Error):
            if process.environ().get("PRESAGE_DATA") == data:
                found.append(process)
    return found


@pytest.mark.more
@pytest.mark.parametrize("name", NAMES)
def test_the_steady_state_holds_and_all_that_is_expected_comes(name: str) -> None:
    status, told = chaos(name)
    assert (told["outcome"], told["why"]) == ("held", [])
    assert status == 0
    assert told["acknowledged"] >= 5
    assert told["steps"][-1]["output"] == "all is restored"


@pytest.mark.more
def test_a_steady_state_that_is_broken_on_purpose_is_noticed(tmp_path: Path) -> None:
    file = experiment(tmp_path, [action("forget_an_order", "tests.acceptance.sabotage")])
    status, told = chaos(file)
    assert (status, told["outcome"]) == (1, "deviated")
    assert told["why"] == ["every acknowledged order is there once: 1"]
    assert told["steps"][-1]["output"] == "all is restored"


@pytest.mark.more
def test_what_is_expected_and_does_not_come_is_told(tmp_path: Path) -> None:
    status, told = chaos(experiment(tmp_path, [action("expect_standstill", within_s=3)]))
    assert (status, told["outcome"]) == (1, "unexpected")
    assert told["why"][0].startswith("expect_standstill: ")
    assert "orders are acknowledged all the time" in told["why"][0]


@pytest.mark.more
def test_an_exchange_that_is_down_for_too_long_ends_the_experiment_and_is_started_again(
    tmp_path: Path,
) -> None:
    pause = action("mark", "tests.acceptance.sabotage", path=str(tmp_path / "mark"))
    pause["pauses"] = {"after": 200}
    file = experiment(
        tmp_path,
        [action("kill", what="exchange"), pause],
        configuration={"needs": [], "abort_down_s": 3},
    )
    begin = time.monotonic()
    status, told = chaos(file)
    assert (status, told["outcome"]) == (1, "aborted")
    assert told["why"] == ["the exchange was not ready for more than 3 s"]
    assert time.monotonic() - begin < 150
    assert told["steps"][-1]["output"] == "all is restored"
    assert not left_over((tmp_path / "mark").read_text())


@pytest.mark.more
def test_ctrl_c_restores_everything_and_leaves_nothing_behind(tmp_path: Path) -> None:
    marked = tmp_path / "mark"
    pause = action("mark", "tests.acceptance.sabotage", path=str(marked))
    pause["pauses"] = {"after": 200}
    file = experiment(tmp_path, [action("freeze", what="exchange"), pause])
    running = subprocess.Popen(
        [PRESAGE, "chaos", "run", file, "--json"], stdout=subprocess.PIPE, text=True, env=environment()
    )
    until = time.monotonic() + 120
    while not marked.exists() or not marked.read_text():
        assert time.monotonic() < until
        assert running.poll() is None
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    said, _ = running.communicate(timeout=120)
    told = json.loads(said.splitlines()[-1])
    assert (running.returncode, told["outcome"]) == (1, "aborted")
    assert told["steps"][-1]["output"] == "all is restored"
    assert not left_over(marked.read_text())
    assert not Path(marked.read_text()).exists()


@pytest.mark.more
def test_an_exchange_that_somebody_runs_is_killed_and_started_again_as_it_was(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_server(data) as server:
        status, told = chaos("kill-exchange", "--data", data)
        assert (status, told["outcome"]) == (0, "held"), told
        assert httpx.get(f"{server.url}/readyz").status_code == 200
        status, told = chaos("redis-away", "--data", data)
        assert (status, told["outcome"]) == (1, "aborted"), "what it needs is not the exchange's own"
        server.kill()  # it has ended already; another one is in its place
        again = [process for process in processes() if {"serve", str(data)} <= set(words_of(process))]
        assert len(again) == 1
        again[0].terminate()
        psutil.wait_procs(again, 60)


@pytest.mark.more
def test_experiments_run_under_the_toolkits_own_command_too(tmp_path: Path) -> None:
    def run(file: Path) -> tuple[int, dict[str, Any]]:
        journal = tmp_path / "journal.json"
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "chaostoolkit",
                "--no-version-check",
                "run",
                f"--journal-path={journal}",
                file,
            ],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            cwd=tmp_path,
            env=environment(),
            check=False,
        )
        return done.returncode, json.loads(journal.read_text())

    status, journal = run(usual()["redis-wiped"])
    assert (status, journal["status"], journal["deviated"]) == (0, "completed", False)
    assert journal["presage"]["acknowledged"] >= 5
    assert journal["rollbacks"][-1]["output"] == "all is restored"
    status, journal = run(experiment(tmp_path, [action("kill", what="exchange")], rollbacks=[]))
    assert (status, journal["status"], journal["run"]) == (1, "interrupted", [])


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"rollbacks": []}, "no_rollback", "what the experiment breaks would stay broken"),
        (
            {"steady-state-hypothesis": {"title": "?", "probes": []}},
            "bad_experiment",
            "steady-state-hypothesis",
        ),
        ({"controls": []}, "bad_experiment", "adapters.chaos.control has to be one of them"),
        ({"method": [{"type": "action"}]}, "bad_experiment", ""),
    ],
)
def test_an_experiment_that_cannot_be_undone_or_says_nothing_is_refused(
    changes: dict[str, Any], code: str, said: str, tmp_path: Path
) -> None:
    file = experiment(tmp_path, [action("kill", what="exchange")], **changes)
    done = presage_here("chaos", "run", file, "--json")
    assert (done.status, done.json["error"]["code"]) == (1, code)
    assert said in done.json["error"]["message"]
    assert "experiment.json" in done.json["error"]["message"]


def test_an_experiment_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    done = presage_here("chaos", "run", "earthquake", "--json")
    assert (done.status, done.json["error"]["code"]) == (1, "no_experiment")
    assert "kill-exchange" in done.json["error"]["details"]
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    assert presage_here("chaos", "run", broken, "--json").json["error"]["code"] == "bad_experiment"
    listed = presage_here("chaos", "list", "--json").json
    assert [each["name"] for each in listed] == NAMES
    assert {"kill-engine", "kill-exchange", "kill-http"} < set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_experiment_states_what_holds_restores_and_breaks_nothing_unmended(name: str) -> None:
    said = json.loads(usual()[name].read_text())
    probes = [each["provider"]["func"] for each in said["steady-state-hypothesis"]["probes"]]
    assert probes == ["ready", "trading", "all_adds_up", "orders_lost_or_doubled"]
    assert [each["provider"]["func"] for each in said["rollbacks"]] == ["restore"]
    assert said["configuration"]["abort_down_s"] > 0
    assert said["runtime"]["rollbacks"]["strategy"] == "always"
    assert said["method"][-1]["provider"]["func"] == "expect_recovery"
    assert name in (ROOT / "docs" / "chaos.md").read_text()


def test_a_proxy_is_slow_away_and_as_it_was() -> None:
    import socket
    import threading

    echo = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                there, _ = echo.accept()
            except OSError:
                return
            with there:
                there.sendall(there.recv(100))

    threading.Thread(target=serve, daemon=True).start()
    proxy = TcpProxy(to_port("127.0.0.1", echo.getsockname()[1]))
    proxy.start()

    def round_trip_s() -> float:
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as line:
            begin = time.monotonic()
            line.sendall(b"ping")
            assert line.recv(100) == b"ping"
            return time.monotonic() - begin

    try:
        assert round_trip_s() < 0.2
        proxy.latency_s = 0.3
        assert round_trip_s() >= 0.3
        proxy.cut()
        with pytest.raises(ConnectionRefusedError):
            round_trip_s()
        proxy.latency_s = 0
        proxy.mend()
        assert round_trip_s() < 0.2
    finally:
        proxy.close()
        echo.close()
