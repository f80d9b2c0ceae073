"""A disk of its own becomes full under a running program, and later has room again: what is said and kept.

Run as ``unshare -m python -m tests.acceptance.full_disk_story WHAT FOLDER``, where ``WHAT`` is what has its
files on the full disk: ``serve``, ``eventstore`` or ``projector``. Prints one JSON object.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.presage_process import PRESAGE, Outcome, Server, presage_here, start_server
from tests.acceptance.test_projector import balance, eventually
from tests.integration.eventstore_node.node_process import NodeProcess

SIZE_MB = 12
TRIES = 400


class Disk:
    """A small disk, mounted where nobody but this process and its children see it."""

    def __init__(self, place: Path) -> None:
        self.place = place
        place.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "none", place], check=True)

    def fill(self) -> None:
        """Leave not one byte."""
        with (self.place / "other").open("ab", buffering=0) as other:
            for size in (1 << 20, 4_096, 1):
                try:
                    while True:
                        other.write(b"x" * size)
                except OSError:
                    continue

    def empty(self) -> None:
        """Give back what others took."""
        (self.place / "other").unlink()


def deposit(data: Path) -> Outcome:
    return presage_here("deposit", "alice", 1, "--data", data, "--json")


def started(data: Path, *options: str) -> tuple[Server | None, str]:
    """Start a server, if it starts."""
    command = [PRESAGE, "serve", "--json", "--port", "0", "--data", str(data), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    if line.startswith('{"url"'):
        return Server(process, json.loads(line)), line
    process.kill()
    process.wait()
    process.stdout.close()
    return None, line


def story(what: str, folder: Path) -> dict[str, Any]:
    disk = Disk(folder / "disk")
    data = (folder if what == "eventstore" else disk.place) / "data"
    options = ("--projector", "beside") if what == "projector" else ()
    with ExitStack() as stack:
        node = None
        if what != "serve":
            node = NodeProcess((disk.place if what == "eventstore" else folder) / "node")
            asyncio.run(node.start())
            stack.callback(lambda: asyncio.run(node.end(signal.SIGTERM)))
            os.environ["PRESAGE_EVENT_STORE"] = node.uri
        assert presage_here("keys", "create", "alice", "--data", data).status == 0
        server = start_server(data, *options)
        acknowledged, said, conditions = 0, [], []
        assert deposit(data).status == 0
        acknowledged += 1
        disk.fill()
        for _ in range(TRIES):
            outcome = deposit(data)
            acknowledged += outcome.status == 0
            said.append(outcome.stdout + outcome.stderr)
            ready = httpx.get(f"{server.url}/readyz").json()
            conditions += [each["code"] for each in ready["conditions"]]
            said.append(json.dumps(ready))
            if outcome.status != 0 or conditions:
                break
        refused = outcome.status != 0
        # It ends, and does not start, or starts and says what is wrong, while there is no room.
        server.stop()
        if what == "eventstore":
            assert node is not None
            asyncio.run(node.end(signal.SIGTERM))
            said.append(_started_node(disk.place / "node"))
        else:
            again, line = started(data, *options)
            said.append(line)
            if again is not None:
                again.stop()
        disk.empty()
        if what == "eventstore":
            assert node is not None
            asyncio.run(node.start())
        server = start_server(data, *options)
        paid = eventually(lambda: (done := deposit(data)).status == 0 and done)
        acknowledged += 1
        position = int(paid.json["position"])
        shown = eventually(lambda: (got := balance(server, data, position)).status_code == 200 and got)
        eventually(lambda: httpx.get(f"{server.url}/readyz").status_code == 200)
        server.stop()
        verified = presage_here("verify", "--data", data, "--json")
        return {
            "acknowledged": acknowledged,
            "refused": refused,
            "conditions": sorted(set(conditions)),
            "balance": shown.json()["balance_dollars"],
            "verified": verified.status,
            "said": said[-8:],
        }


def _started_node(folder: Path) -> str:
    command = [PRESAGE, "eventstore", "--json", "--port", "0", "--data", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.terminate()
        return line


if __name__ == "__main__":
    sys.stdout.write(json.dumps(story(sys.argv[1], Path(sys.argv[2]))))
