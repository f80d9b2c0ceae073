"""The command ``presage`` as its users run it: in processes of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from adapters.cli.main import run
from tests.acceptance.in_a_cluster import CLUSTER, environment_of

ROOT = Path(__file__).parents[2]
PRESAGE = Path(sys.executable).with_name("presage")
PATIENCE_S = 60


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        [line] = self.stdout.splitlines()
        return json.loads(line)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.stdout.splitlines()]


def presage(*arguments: object) -> Outcome:
    """Run a command to its end."""
    done = subprocess.run(
        [PRESAGE, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        env={**os.environ, **_exchange(arguments)},
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Outcome(done.returncode, done.stdout, done.stderr)


@contextmanager
def settings_in_force(environment: Mapping[str, str]) -> Iterator[None]:
    """Have this process find settings in its environment while the block runs."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        yield


def presage_here(*arguments: object) -> Outcome:
    """Run a command in this process, which takes less time."""
    said, complained = StringIO(), StringIO()
    with redirect_stdout(said), redirect_stderr(complained), settings_in_force(_exchange(arguments)):
        status = run(list(map(str, arguments)))
    return Outcome(status, said.getvalue(), complained.getvalue())


def _exchange(arguments: Sequence[object]) -> dict[str, str]:
    """Return the settings of the exchange whose data folder a command names."""
    named = [folder for option, folder in pairwise(arguments) if option == "--data"]
    return environment_of(Path(str(named[-1]))) if named else {}


@dataclass(frozen=True)
class Server:
    """A running ``presage serve``."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]

    @property
    def url(self) -> str:
        url: str = self.ready["url"]
        return url

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self._gone()

    def stop(self, *signals: signal.Signals) -> int:
        """Ask it to end, and return its exit status."""
        for each in signals or (signal.SIGTERM,):
            self.process.send_signal(each)
        return self._gone()

    def _gone(self) -> int:
        status = self.process.wait(PATIENCE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


WORKERS = os.environ.get("PRESAGE_TEST_WORKERS", "0")
"""With how many HTTP processes servers are started where the test does not say."""


def start_server(data: Path, *options: str, program: Path = PRESAGE) -> Server:
    """Start a server on a free port and wait until it is open; or a cluster in its place."""
    if not CLUSTER:
        return start_process(data, "--workers", WORKERS, *options, program=program)
    from tests.acceptance.cluster_server import start_cluster

    return start_cluster(data, *options)


def start_process(
    data: Path,
    *options: str,
    program: Path = PRESAGE,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Server:
    """Start ``presage serve`` on a free port and wait until it is open."""
    process = subprocess.Popen(
        [program, "serve", "--json", "--port", "0", "--data", str(data), *options],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.startswith('{"url"'):
        Server(process, {}).kill()
        raise AssertionError(f"the server did not open: {line}")
    return Server(process, json.loads(line))


@contextmanager
def running_server(data: Path, *options: str, program: Path = PRESAGE) -> Iterator[Server]:
    """Run a server while the block runs."""
    server = start_server(data, *options, program=program)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()
