"""The log that a cluster's members share: a node whose appends wait while the leader has no quorum.

Run as: python log_process.py FOLDER BOARD. Prints its connection string when it is open.
"""

import asyncio
import os
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from adapters.event_stores.sqlite import SqliteEventStore
from adapters.eventstore_node.server import LOG_FILE, running_node_on
from application.ports.event_store import Appended, NewEvent, StoreUnavailable
from tests.cluster.board import Board, Gate

TICK_S = 0.01


class HeldLog:
    """An embedded store whose appends wait at a gate, and go through it in the order they came."""

    def __init__(self, engine: SqliteEventStore, board: Board) -> None:
        self._engine = engine
        self._board = board
        self._turns: deque[asyncio.Future[None]] = deque()

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> Appended:
        if self._turns or self._board.gate is not Gate.OPEN:
            turn = asyncio.get_running_loop().create_future()
            self._turns.append(turn)
            await turn
        return await self._engine.append(stream, events, expected=expected)

    async def watch(self) -> None:
        """Let through or drop what waits, once the board says so, until the tests are gone."""
        tests = os.getppid()
        while os.getppid() == tests:
            await asyncio.sleep(TICK_S)
            gate = self._board.gate
            while self._turns and gate is not Gate.HELD:
                if gate is Gate.OPEN:
                    self._turns[0].set_result(None)
                else:
                    gone = StoreUnavailable("another leads: what was not replicated is gone")
                    self._turns[0].set_exception(gone)
                await asyncio.sleep(0)  # its append begins before the next one's
                self._turns.popleft()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


async def main(folder: Path, board: Board) -> None:
    engine = SqliteEventStore.open(folder / LOG_FILE)
    log = HeldLog(engine, board)
    watching = asyncio.create_task(log.watch())
    async with running_node_on(log) as node:
        print(node.uri, flush=True)  # noqa: T201 (it is read by who started it)
        with suppress(asyncio.CancelledError):
            await watching


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Board(Path(sys.argv[2]))))
