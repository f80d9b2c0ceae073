"""A cache that may be shared by many processes, and may go away at any time."""

from typing import Protocol


class Cache(Protocol):
    """Keeps bytes by key for a while. Nothing it holds is the only copy.

    Every key has a fence, a counter that rises with each :meth:`claim` and each :meth:`invalidate`. A
    value is only taken while the fence stands where its computation found it: what was computed before an
    invalidation, or by a process that was overtaken, is never kept.
    """

    async def get(self, key: str) -> bytes | None:
        """Return what is kept under a key, ``None`` if nothing is, or if the cache is away."""
        ...

    async def claim(self, key: str, *, for_s: float) -> int | None:
        """Take the right to compute a key for ``for_s`` seconds; return the fence, ``None`` if it is taken.

        While the cache is away every claim succeeds with the fence :data:`UNFENCED`, which keeps nothing.
        """
        ...

    async def prolong(self, key: str, *, fence: int, for_s: float) -> bool:
        """Have a claim last ``for_s`` seconds from now; return whether it is still the one of this fence."""
        ...

    async def put(self, key: str, value: bytes, *, fence: int, ttl_s: float) -> bool:
        """Keep a computed value and give the claim up; return whether it was taken."""
        ...

    async def give_up(self, key: str, *, fence: int) -> None:
        """Give a claim up without a value."""
        ...

    async def invalidate(self, keys: tuple[str, ...]) -> None:
        """Forget keys, and whatever is being computed for them right now."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


UNFENCED = -1
"""A fence that no value passes."""
