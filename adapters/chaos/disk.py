"""A small disk for the exchange's folder, that can be filled; or, where nothing may be mounted, a limit."""

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

_SIZE_MB = 32
_BLOCK = bytes(65_536)


class Disk(Protocol):
    """Something that can be full."""

    def fill(self, pid: int) -> None:
        """Let nothing more be written by the process."""

    def free(self, pid: int) -> None:
        """Let it be written again; nothing changes where it can."""


class SmallDisk:
    """A disk in memory. Other files fill it."""

    def __init__(self, folder: Path) -> None:
        self._filling = folder / "filling"

    def fill(self, pid: int) -> None:
        """Write until there is no room."""
        del pid
        with self._filling.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(_BLOCK)
        with self._filling.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"\0")

    def free(self, pid: int) -> None:
        """Make room."""
        del pid
        self._filling.unlink(missing_ok=True)


class WriteLimit:
    """The system refuses what the process writes to files, as too large instead of for want of room."""

    def fill(self, pid: int) -> None:
        """Let no file grow."""
        _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, most))

    def free(self, pid: int) -> None:
        """Let files grow again."""
        _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))


@contextmanager
def disk_at(folder: Path) -> Iterator[Disk]:
    """Mount a small disk in a folder, while the block runs, where there is the right to."""
    mount = shutil.which("mount")
    mounted = (
        mount is not None
        and os.geteuid() == 0
        and not subprocess.run(  # noqa: S603
            [mount, "-t", "tmpfs", "-o", f"size={_SIZE_MB}m,mode=700", "presage-chaos", str(folder)],
            check=False,
            capture_output=True,
        ).returncode
    )
    if not mounted:
        yield WriteLimit()
        return
    try:
        yield SmallDisk(folder)
    finally:
        # Lazily, so that it goes even where something still looks into it.
        subprocess.run(["umount", "--lazy", str(folder)], check=False)  # noqa: S603, S607
