"""A node in a process of its own, that can be frozen, killed, and started again on the same port."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from signal import Signals

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

    def send(self, number: Signals) -> None:
        self._process.send_signal(number)

    async def end(self, number: Signals) -> int:
        self.send(number)
        code = await asyncio.to_thread(self._process.wait)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code
