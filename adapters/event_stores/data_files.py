"""What the stores that own files have in common: one process at a time, and files that may be refused."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from application.ports.event_store import EventStoreError, LogReplaced


class UnusableLog(EventStoreError):
    """The files cannot be used as they are; the message names the file and says what to do."""


class ProcessLock:
    """Keeps a second process away. The system releases it when this process ends, however it ends."""

    whom_to_stop: ClassVar[Callable[[], int]] = os.getpid
    """Which process the second one is told to stop: one that is started again is not that."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.pread(self._file, 20, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            raise UnusableLog(
                f"{path}: in use by another process (id {owner}); stop that one first"
            ) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, str(ProcessLock.whom_to_stop()).encode(), 0)

    def release(self) -> None:
        """Let another process in."""
        os.close(self._file)


class OpenedPlace:
    """The file or folder that was opened, told from another one that has its name by now.

    A file may only grow: one that is shorter than it was has been written over.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        found = path.stat()
        self._opened = (found.st_dev, found.st_ino)
        self._grows = path.is_file()
        self._size = found.st_size if self._grows else 0

    def check(self) -> None:
        """Raise :class:`LogReplaced` if it is not there any more."""
        try:
            found = self._path.stat()
        except OSError as error:
            raise LogReplaced(f"{self._path}: gone since it was opened ({error.strerror})") from error
        if (found.st_dev, found.st_ino) != self._opened or (self._grows and found.st_size < self._size):
            raise LogReplaced(f"{self._path}: replaced since it was opened")
        if self._grows:
            self._size = found.st_size


def sync_folder(folder: Path) -> None:
    """Make created, renamed and removed names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_what_is_left(path: Path) -> None:
    """Remove a file or folder that was not finished, with what lies beside it under its name."""
    for each in path.parent.glob(f"{path.name}*"):
        if each.is_dir():
            shutil.rmtree(each)
        else:
            each.unlink()


def is_there(path: Path) -> bool:
    """Return whether there is a file or folder."""
    return path.exists()
