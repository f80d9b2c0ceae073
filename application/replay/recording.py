"""A recording of order flow, as the replay needs it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from application.replay.book import Book
from application.replay.flow import Instruction


class Recording(Protocol):
    """One file of recorded flow."""

    @property
    def name(self) -> str:
        """What to call it in a report: the file's name."""

    @property
    def format(self) -> str:
        """Which format its content was recognised as, for example ``kalshi-trades``."""

    @property
    def count_hint(self) -> int:
        """How many instructions to expect, for a progress bar."""

    def instructions(self) -> Iterator[Instruction]:
        """Yield what happened, in order. Each call starts again from the beginning."""

    def recorded_final_book(self) -> Book | None:
        """Return the book as the venue itself last showed it, where that was recorded."""


class UnreadableRecording(Exception):
    """The file is no recording, or one of its lines cannot be understood."""

    def __init__(self, path: Path, line: int | None, problem: str) -> None:
        where = str(path) if line is None else f"{path}, line {line}"
        super().__init__(f"{where}: {problem}")
        self.path = path
        self.line = line
        self.problem = problem
