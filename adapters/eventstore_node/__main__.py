"""Runs a node from the command line: ``python -m adapters.eventstore_node [--data DIR] [--port 2113]``.

Prints its connection string when it is ready, and stops on SIGINT or SIGTERM.
"""

import argparse
import asyncio
import signal
from importlib.util import find_spec
from pathlib import Path

from adapters.eventstore_node.server import DEFAULT_PORT, Node, serve


def main() -> None:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(description="A single-node stand-in for EventStoreDB.")
    parser.add_argument("--data", type=Path, help="folder of the log; without it the log is in memory")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 lets the system choose")
    arguments = parser.parse_args()
    running = _run(arguments.data, arguments.host, arguments.port)
    if find_spec("uvloop") is None:
        asyncio.run(running)
    else:
        import uvloop  # noqa: PLC0415  # faster, and not to be had everywhere

        uvloop.run(running)


async def _run(data: Path | None, host: str, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(data, host, port, ready=_announce, stop=stop)


def _announce(node: Node) -> None:
    print(node.uri, flush=True)  # noqa: T201  # whoever started it reads this


if __name__ == "__main__":
    main()
