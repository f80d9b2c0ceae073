"""Real processes are asked to end: while requests are under way, once, and twice."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.presage_process import (
    PRESAGE,
    WORKERS,
    Server,
    presage_here,
    running_server,
    start_server,
)
from tests.fair_clock import fair_clock
from tests.unit.http.keys import signed_headers

ORDERS = "/trade-api/v2/portfolio/orders"
PATIENCE_S = 30


def until(holds: Any) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


class SlowRequest:
    """A new order whose body is not all there yet."""

    def __init__(self, server: Server) -> None:
        key = server.ready["demo_key"]
        body = json.dumps(
            {"ticker": "MOON-28", "side": "yes", "action": "buy", "count": 1, "yes_price": 2}
        ).encode()
        signed = signed_headers(key["key_id"], Path(key["private_key_path"]).read_text(), "POST", ORDERS)
        lines = signed | {"Content-Length": str(len(body)), "Host": "presage"}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._rest = body[5:]
        url = httpx.URL(server.url)
        self._socket = socket.create_connection((url.host, url.port or 80), timeout=PATIENCE_S)
        self._socket.sendall(f"POST {ORDERS} HTTP/1.1\r\n{head}\r\n".encode() + body[:5])

    def answer(self) -> str:
        """Send the rest, and return all that comes until the connection ends."""
        self._socket.sendall(self._rest)
        said = b""
        while more := self._socket.recv(65_536):
            said += more
        self.close()
        return said.decode()

    def close(self) -> None:
        self._socket.close()


def refused(server: Server) -> bool:
    url = httpx.URL(server.url)
    try:
        socket.create_connection((url.host, url.port or 80), timeout=5).close()
    except ConnectionError:
        return True
    return False


def readiness(server: Server) -> tuple[int, list[str]]:
    answer = httpx.get(f"{server.url}/readyz")
    return answer.status_code, [each["code"] for each in answer.json()["conditions"]]


def rest_of(process: "subprocess.Popen[str]") -> tuple[int, list[dict[str, Any]]]:
    """Return the status of a process that ends, and what it still says."""
    said, _ = process.communicate(timeout=PATIENCE_S)
    return process.returncode, [json.loads(line) for line in said.splitlines()]


def test_a_request_under_way_is_answered_readiness_fails_first_and_then_nobody_gets_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRESAGE_SHUTDOWN_NOTICE_S", "2")
    with running_server(tmp_path, "--demo") as server, fair_clock() as clock:
        assert readiness(server) == (200, [])
        began = time.monotonic(), clock.now_s()
        slow = SlowRequest(server)
        server.process.send_signal(signal.SIGTERM)
        until(lambda: readiness(server) == (503, ["shutting_down"]))  # the listener is still open
        until(lambda: refused(server))
        assert not (tmp_path / "server.json").exists()
        assert server.process.poll() is None, "it waits for the request"
        answer = slow.answer()
        assert answer.startswith("HTTP/1.1 201"), answer
        order_id = json.loads(answer.partition("\r\n\r\n")[2])["order"]["order_id"]
        status, told = rest_of(server.process)
        crowding = (time.monotonic() - began[0]) / (clock.now_s() - began[1])
    *steps, end = told
    own = ["house traders", "notices", "commands", "processes", "appends", "snapshots", "pools"]
    if WORKERS == "0":
        expected = ["readiness", "listener", "live feed", "requests", *own]
    else:  # the engine has told of its own
        expected = ["readiness", "listener", "requests", *own, "engine", "pools"]
    assert [(each["step"], each["outcome"]) for each in steps] == [(name, "done") for name in expected]
    assert all(each["duration_s"] >= 0 for each in steps)
    assert 2 <= steps[0]["duration_s"] < 2 + crowding
    assert (status, end["ended"], end["status"]) == (0, "clean", 0)
    assert end["duration_s"] >= sum(each["duration_s"] for each in steps if "process" not in each) - 0.1
    found = presage_here("inspect", "market-MOON-28", "--type", "OrderPlaced", "--json", "--data", tmp_path)
    assert order_id in found.stdout
    assert presage_here("verify", "--data", tmp_path, "--json").json["violations"] == []


def test_a_second_signal_ends_it_at_once_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    with running_server(tmp_path, "--demo") as server:
        slow = SlowRequest(server)
        server.process.send_signal(signal.SIGTERM)
        until(lambda: refused(server))
        assert server.process.poll() is None
        with fair_clock() as clock:
            server.process.send_signal(signal.SIGTERM)
            status, told = rest_of(server.process)
            assert clock.now_s() < 5
        slow.close()
    outcomes = {each["step"]: each["outcome"] for each in told[:-1]}
    assert outcomes["requests"] == "broken_off"
    assert outcomes["pools"] == "left_out"
    assert (status, told[-1]["ended"], told[-1]["status"]) == (4, "at_once", 4)
    assert presage_here("verify", "--data", tmp_path, "--json").json["violations"] == []
    with running_server(tmp_path, "--demo") as again:
        assert readiness(again) == (200, [])
        assert again.stop() == 0


@contextmanager
def running(*arguments: str) -> Iterator[tuple["subprocess.Popen[str]", dict[str, Any]]]:
    process = subprocess.Popen([PRESAGE, *arguments, "--json"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def test_the_event_store_ends_in_order_too(tmp_path: Path) -> None:
    with running("eventstore", "--port", "0", "--data", str(tmp_path)) as (process, _):
        process.send_signal(signal.SIGTERM)
        status, told = rest_of(process)
    assert [(each["step"], each["outcome"]) for each in told[:-1]] == [("calls", "done"), ("pools", "done")]
    assert (status, told[-1]["ended"]) == (0, "clean")


def test_the_projector_ends_in_order_too(tmp_path: Path) -> None:
    start_server(tmp_path).stop()
    with running("projector", "--data", str(tmp_path)) as (process, first):
        assert "position" in first
        os.kill(process.pid, signal.SIGTERM)
        status, told = rest_of(process)
    told = [each for each in told if "position" not in each]
    assert [(each["step"], each["outcome"]) for each in told[:-1]] == [
        ("projections", "done"),
        ("pools", "done"),
    ]
    assert (status, told[-1]["ended"]) == (0, "clean")
