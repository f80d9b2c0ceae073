"""What a cluster's processes know of each other: one byte for each member and one for the log, shared memory.

Only the test writes. A member that was frozen finds at its first instruction what has become of it.
"""

import mmap
from enum import IntEnum
from pathlib import Path

MEMBERS = 3


class Role(IntEnum):
    """What a member is."""

    LEADS = 1
    FOLLOWS = 2
    LEADERLESS = 3
    """It knows of nobody who leads, or is leaving."""
    BUSY = 4
    TRUNCATES = 5
    """It led, and holds what nobody else has: it ends itself."""
    GONE = 6


class Gate(IntEnum):
    """What becomes of appends on their way to the log."""

    OPEN = 1
    HELD = 2
    DROPPED = 3


class Board:
    """The bytes, in a file that every process of the cluster has mapped."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes([Role.GONE] * MEMBERS + [Gate.OPEN]))
        with path.open("r+b") as file:
            self._bytes = mmap.mmap(file.fileno(), MEMBERS + 1)

    def role(self, member: int) -> Role:
        return Role(self._bytes[member])

    def set_role(self, member: int, role: Role) -> None:
        self._bytes[member] = role

    @property
    def gate(self) -> Gate:
        return Gate(self._bytes[MEMBERS])

    @gate.setter
    def gate(self, gate: Gate) -> None:
        self._bytes[MEMBERS] = gate

    def leader(self) -> int | None:
        """Return the member that leads, as far as anybody knows."""
        return next((m for m in range(MEMBERS) if self.role(m) in (Role.LEADS, Role.BUSY)), None)
