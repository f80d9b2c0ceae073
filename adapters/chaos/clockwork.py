"""Runs ``presage`` with a clock that can be moved from outside: a file says by how many nanoseconds.

``python -m adapters.chaos.clockwork FILE serve ...``. Nothing of the exchange knows of it, and the machine's
own clock stays as it is.
"""

import struct
import sys
import time
from mmap import ACCESS_READ, mmap
from pathlib import Path

_OFFSET = struct.Struct("<q")


class MovedClock:
    """The file by which a clock is moved."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_bytes(_OFFSET.pack(0))

    def move(self, seconds: float) -> None:
        """Set the clock ahead of the machine's, or behind it."""
        with self.path.open("r+b") as file:
            file.write(_OFFSET.pack(round(seconds * 1e9)))


def follow(path: Path) -> None:
    """Let this process's time be the machine's and what the file says."""
    with path.open("rb") as file:
        shared = mmap(file.fileno(), _OFFSET.size, access=ACCESS_READ)
    machine_ns = time.time_ns

    def now_ns() -> int:
        return machine_ns() + int(_OFFSET.unpack_from(shared)[0])

    time.time_ns = now_ns
    time.time = lambda: now_ns() / 1e9


def main() -> None:
    """Run a command."""
    _, path, *arguments = sys.argv
    follow(Path(path))
    # Only now, so that nothing has taken the machine's clock for itself.
    from adapters.cli.main import main as presage  # noqa: PLC0415

    sys.argv = ["presage", *arguments]
    presage()


if __name__ == "__main__":
    main()
