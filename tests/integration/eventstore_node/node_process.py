"""A node in a process of its own, that can be frozen, killed, and started again on the same port."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from signal import Signals

from tests.cluster.program import Program

PRESAGE = [sys.executable, "-c", "import sys; from adapters.cli.main import main; sys.exit(main())"]


class NodeProcess:
    """Runs ``presage eventstore``."""

    def __init__(self, folder: Path, *, same_port: bool = True) -> None:
        self._folder = folder
        self._same_port = same_port
        self._port = "0"
        self.uri = ""

    async def start(self) -> None:
        command = [*PRESAGE, "eventstore", "--json", "--data", str(self._folder)]
        self._process = subprocess.Popen(  # noqa: ASYNC220  # starting takes no time
            [*command, "--port", self._port], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.uri = json.loads(await asyncio.to_thread(self._process.stdout.readline))["uri"]
        if self._same_port:
            self._port = self.uri.rpartition(":")[2].partition("?")[0]

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, number: Signals) -> None:
        self._process.send_signal(number)

    async def end(self, number: Signals) -> int:
        self.send(number)
        code = await asyncio.to_thread(self._process.wait)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code


class ProgramProcess:
    """Runs EventStoreDB's own program in the place of the node."""

    def __init__(self, folder: Path) -> None:
        self._program = Program(folder)
        self.uri = self._program.uri

    async def start(self) -> None:
        self._program.launch()
        await asyncio.to_thread(self._program.wait_until_it_serves)

    def send(self, number: Signals) -> None:
        assert self._program.process is not None
        self._program.process.send_signal(number)

    async def end(self, number: Signals) -> int:
        return await asyncio.to_thread(self._program.end, number)
