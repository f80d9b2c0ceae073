"""Which signed requests were carried out already."""

from typing import Protocol


class UsedSignatures(Protocol):
    """Remembers what was used, for as long as it could be used again."""

    async def first(self, digest: bytes, *, for_s: float) -> bool | None:
        """Use something up; return whether it is the first time within ``for_s`` seconds.

        ``None`` if no more can be remembered now.
        """
        ...
