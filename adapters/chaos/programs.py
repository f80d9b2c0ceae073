"""Programs of ours in processes of their own, that can be killed, frozen, and started where they were."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from adapters.cli.failures import Failure

_START_S = 90.0
_END_S = 60.0
_SUPERVISED_S = 3.0
"""How long whoever watches over a process that is not ours has to start it again before we do."""


class Program:
    """``presage`` with some arguments. What it is ready with is a line of JSON."""

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        *,
        log: Path,
        clock: Path | None = None,
    ) -> None:
        module = ["adapters.cli"] if clock is None else ["adapters.chaos.clockwork", str(clock)]
        self._command = [sys.executable, "-m", *module, *arguments]
        self._environment = dict(environment)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self.ready: dict[str, Any] = {}

    def start(self) -> None:
        """Start it, where it was if it ran before; nothing changes while it runs."""
        if self.running:
            return
        with self._log.open("ab") as log:
            # In a session of its own: Ctrl-C is for whoever runs the experiment.
            self._process = subprocess.Popen(  # noqa: S603
                [*self._command, "--json", "--port", self._port()],
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        self.ready = _first_line(self._process)

    def _port(self) -> str:
        address = str(self.ready.get("url") or self.ready.get("uri") or ":0")
        return address.rpartition(":")[2].partition("?")[0]

    @property
    def running(self) -> bool:
        """Whether the process is there, be it frozen."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def freeze(self) -> None:
        """Let it stand still."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on; nothing changes where it does."""
        if self.running:
            os.kill(self.pid, signal.SIGCONT)

    def end(self) -> None:
        """Ask it to end, and make it."""
        if not self.running:
            return
        assert self._process is not None
        self.thaw()
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_S)
        self.kill()


def _first_line(process: "subprocess.Popen[bytes]") -> dict[str, Any]:
    """Return what a process says when it is ready. Raises :class:`Failure` where it does not come to that."""
    assert process.stdout is not None
    line = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        if selector.select(_START_S):
            line = process.stdout.readline()
    said: dict[str, Any] = json.loads(line or b"{}")
    if not said or "error" in said:
        process.kill()
        process.wait()
        process.stdout.close()
        details = said.get("error", {}).get("message", "it said nothing")
        raise Failure("exchange_failed", "what the experiment needs did not start", details=details)
    return said


class Adopted:
    """An exchange that somebody runs: found by the port it listens at, started again as it was started."""

    def __init__(self, url: str, log: Path) -> None:
        self._log = log
        self._port = int(url.rpartition(":")[2].partition("/")[0])
        self.ready = {"url": url}
        process = self._listening()
        if process is None:
            raise Failure("no_server", f"no process of this machine is seen to listen at {url}")
        self._process = process
        self._command, self._environment, self._folder = process.cmdline(), process.environ(), process.cwd()

    def _listening(self) -> psutil.Process | None:
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                for line in process.net_connections("tcp"):
                    if line.status == psutil.CONN_LISTEN and line.laddr.port == self._port:
                        return process
        return None

    def start(self) -> None:
        """Start it as it was started, unless whoever watches over it does; nothing changes while it runs."""
        if self.running:
            return
        deadline = time.monotonic() + _SUPERVISED_S
        while (found := self._listening()) is None and time.monotonic() < deadline:
            time.sleep(0.2)
        if found is None:
            with self._log.open("ab") as log:
                found = psutil.Popen(
                    [*self._command, "--port", str(self._port)],
                    env=self._environment,
                    cwd=self._folder,
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                    start_new_session=True,
                )
        self._process = found

    @property
    def running(self) -> bool:
        """Whether the process is there, be it frozen."""
        with suppress(psutil.NoSuchProcess):
            return self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE
        return False

    @property
    def pid(self) -> int:
        """The process's id."""
        return int(self._process.pid)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        while self.running:
            time.sleep(0.01)

    def freeze(self) -> None:
        """Let it stand still."""
        self._process.suspend()

    def thaw(self) -> None:
        """Let it go on; nothing changes where it does."""
        if self.running:
            self._process.resume()
