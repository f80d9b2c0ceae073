"""What one process notes where the others see it at once: a piece of memory that all of them share.

The engine writes before it answers. So whoever has the answer to a write, and asks another process about it,
finds the note there, without a question to anybody. Every place has one process that writes it.
"""

import mmap
import os
import sys
from tempfile import TemporaryFile
from zlib import crc32

from adapters.engine_lines import shared_buckets, shared_feeds
from adapters.engine_lines.shared_buckets import MappedBuckets
from adapters.engine_lines.shared_feeds import SharedFeeds, forget_feeds
from adapters.settings import WORKERS_MAX
from application.ports.event_store import Position
from domain.identifiers import AccountId

ACCOUNTS = 1 << 16
"""Accounts share places beyond so many: a read then waits for what another account wrote, too."""

_KEYS = 0
_WORKERS = 8  # apart from the first, which is read with every signed request
_ACCOUNTS = _WORKERS + WORKERS_MAX

_SECRET = slice(16, 48)
_BUCKETS = 8 * (_ACCOUNTS + ACCOUNTS)
_FEEDS = _BUCKETS + shared_buckets.BYTES
_BYTES = _FEEDS + shared_feeds.BYTES


class SharedNotes:
    """Where each account last wrote, how often keys have changed, and how far each HTTP process can see.

    ``buckets`` are those of all limits.
    """

    def __init__(self, descriptor: int) -> None:
        """Map the file behind a descriptor that was made by :func:`notes_file`."""
        memory = memoryview(mmap.mmap(descriptor, _BYTES))
        self._places = memory[:_BUCKETS].cast("q")
        self._feeds = memory[_FEEDS:]
        self._secret = bytes(memory[_SECRET])
        self.buckets = MappedBuckets(memory[_BUCKETS:_FEEDS], descriptor, self._secret)

    def note(self, account_id: AccountId, position: Position) -> None:
        """Remember that an account wrote up to ``position``."""
        place = _ACCOUNTS + crc32(account_id.encode()) % ACCOUNTS
        self._places[place] = max(self._places[place], position)

    def of(self, account_id: AccountId) -> Position:
        """Return up to where an account wrote at most."""
        return Position(self._places[_ACCOUNTS + crc32(account_id.encode()) % ACCOUNTS])

    def keys_changed(self) -> None:
        """Remember that keys have changed."""
        self._places[_KEYS] += 1

    def key_changes(self) -> int:
        """Return how often they have."""
        return self._places[_KEYS]

    def sees(self, worker: int, position: Position) -> None:
        """Remember how far an HTTP process can see."""
        self._places[_WORKERS + worker] = position

    def seen_by(self, worker: int) -> Position:
        """Return how far an HTTP process can see."""
        return Position(self._places[_WORKERS + worker])

    def feeds(self, worker: int) -> SharedFeeds:
        """Return where an HTTP process tells whose feeds it has, none at first."""
        return SharedFeeds(self._feeds, worker, self._secret)

    def forget_feeds(self, worker: int) -> None:
        """Forget the feeds of an HTTP process that is no more."""
        forget_feeds(self._feeds, worker)


def notes_file() -> int:
    """Return the descriptor of a file of notes that is gone with the last process that has it open.

    It takes no disk where that can be had: whoever writes to such memory is ended if there is no room for it.
    """
    if sys.platform == "linux":
        descriptor = os.memfd_create("presage notes")
        os.ftruncate(descriptor, _BYTES)
    else:
        with TemporaryFile() as file:
            file.write(bytes(_BYTES))
            file.flush()
            descriptor = os.dup(file.fileno())
    os.pwrite(descriptor, os.urandom(_SECRET.stop - _SECRET.start), _SECRET.start)
    os.set_inheritable(descriptor, True)
    return descriptor
