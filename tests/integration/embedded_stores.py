"""The embedded stores that keep files, by name, for tests that run them in processes of their own."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from adapters.event_stores.embedded.store import EmbeddedEventStore
from adapters.event_stores.json_lines import FileEventStore
from adapters.event_stores.sqlite import SqliteEventStore
from application.ports.event_store import RecordedEvent

ROOT = Path(__file__).parents[2]

OPENERS: dict[str, Callable[[Path], EmbeddedEventStore]] = {
    "sqlite": lambda folder: SqliteEventStore.open(folder / "events.db"),
    "json_lines": FileEventStore.open,
}


def start_script(name: str, *arguments: str) -> subprocess.Popen[str]:
    """Run a script of this folder with the project's modules within reach."""
    return subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name(name)), *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def whole_log(kind: str, folder: Path) -> Sequence[RecordedEvent]:
    """Open the log, read everything, close it."""

    async def read() -> list[RecordedEvent]:
        store = OPENERS[kind](folder)
        try:
            return [event async for page in store.read_all() for event in page.events]
        finally:
            await store.close()

    return asyncio.run(read())
