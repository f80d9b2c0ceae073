"""Which keys were ever used: the index behind what ledgers remember by heart."""

from typing import Protocol, TypeVar

from application.ports.event_store import Position

Known_co = TypeVar("Known_co", covariant=True)


class KeyIndex(Protocol[Known_co]):
    """Looks keys up: the ids of orders, or the references of transfers."""

    async def find(self, key: str) -> Known_co | None:
        """Return what a key was used for, ``None`` if never, or if what was begun with it was given up.

        Says nothing about events after :meth:`position`.
        """
        ...

    async def position(self) -> Position:
        """Return the position in the log up to which :meth:`find` knows every key."""
        ...
