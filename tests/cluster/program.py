"""EventStoreDB's own program, where ``EVENTSTOREDB_PROGRAM`` names it: alone, or as a member of a cluster."""

import os
import signal
import socket
import subprocess
from pathlib import Path
from threading import Lock
from time import monotonic, sleep

import httpx

PROGRAM = os.environ.get("EVENTSTOREDB_PROGRAM", "")
START_S = 60
LOOK_S = 0.1
SERVES = ("leader", "follower")


def free_ports(count: int) -> list[int]:
    """Return ports that nobody has at the moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


class Program:
    """One server in a process of its own, that can be frozen, ended, and started again where it was."""

    def __init__(
        self, folder: Path, *, ports: tuple[int, int] | None = None, seeds: tuple[str, ...] = ()
    ) -> None:
        self.port, replication = ports or tuple(free_ports(2))
        self.process: subprocess.Popen[bytes] | None = None
        self._starting = Lock()
        folders = {name: folder / name for name in ("db", "log", "index")}
        for each in folders.values():
            each.mkdir(parents=True, exist_ok=True)
        self._command = [
            PROGRAM,
            "--insecure",
            *(part for name, path in folders.items() for part in (f"--{name}", str(path))),
            *("--node-ip", "127.0.0.1", "--replication-ip", "127.0.0.1"),
            *("--node-port", str(self.port), "--replication-port", str(replication)),
            *("--run-projections", "None"),
        ]
        if seeds:
            self._command += ["--cluster-size", str(len(seeds) + 1), "--discover-via-dns", "false"]
            self._command += ["--gossip-seed", ",".join(seeds)]

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def uri(self) -> str:
        return f"esdb://{self.address}?Tls=false"

    def launch(self) -> None:
        """Start the process without waiting for what it says."""
        self.process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def launch_again(self) -> None:
        """Start it where it was if it has ended itself, as a supervisor would."""
        with self._starting:
            if self.process is not None and self.process.poll() is not None:
                self.launch()

    def state(self) -> str:
        """Return what the server says it is, nothing while it says nothing."""
        try:
            answer = httpx.get(f"http://{self.address}/info", timeout=1)
            return str(answer.json().get("state", "")).lower()
        except (httpx.HTTPError, ValueError):
            return ""

    def wait_until_it_serves(self) -> None:
        """Wait until it leads or follows; it is started again if it ends itself meanwhile."""
        deadline = monotonic() + START_S
        while self.state() not in SERVES:
            if monotonic() > deadline:
                raise TimeoutError(f"{self.address} neither leads nor follows")
            self.launch_again()
            sleep(LOOK_S)

    def end(self, number: signal.Signals) -> int:
        """Send a signal that ends it, and return its exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(START_S)
        self.process = None
        return code
