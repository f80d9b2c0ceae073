"""Snapshots that are forgotten at the end of the process, or at once."""

from collections.abc import Sequence
from dataclasses import replace

from adapters.snapshots.encoding import decoded, encoded
from application.ports.snapshots import Snapshot


class MemorySnapshots:
    """Keeps snapshots as compactly as a file would."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[int, tuple[Snapshot, bytes]]] = {}

    async def save(self, snapshot: Snapshot) -> None:
        """Keep a snapshot."""
        content = encoded(snapshot.document)
        self._kept.setdefault(snapshot.stream, {})[snapshot.revision] = (
            replace(snapshot, document={}),
            content,
        )

    async def find(
        self, stream: str, *, schema: str, revision: int | None = None, at_us: int | None = None
    ) -> Snapshot | None:
        """Return a stream's latest snapshot, if given the latest not after a revision or a time."""
        kept = self._kept.get(stream, {})
        for at in sorted(kept, reverse=True):
            found, content = kept[at]
            if (
                found.schema == schema
                and (revision is None or at <= revision)
                and (at_us is None or found.at_us <= at_us)
            ):
                return replace(found, document=decoded(content))
        return None

    async def revisions(self, stream: str, *, schema: str) -> Sequence[int]:
        """Return the revisions of a stream's snapshots, in order."""
        kept = self._kept.get(stream, {})
        return sorted(at for at, (found, _) in kept.items() if found.schema == schema)

    async def drop(self, stream: str, revision: int) -> None:
        """Forget a snapshot."""
        self._kept.get(stream, {}).pop(revision, None)

    async def retire(self, stream: str, *, schema: str) -> int:
        """Forget a stream's snapshots of any other schema; return how many there were."""
        kept = self._kept.get(stream, {})
        others = [at for at, (found, _) in kept.items() if found.schema != schema]
        for at in others:
            del kept[at]
        return len(others)


class NoSnapshots:
    """Keeps nothing."""

    async def save(self, snapshot: Snapshot) -> None:
        """Forget it."""

    async def find(
        self,
        stream: str,  # noqa: ARG002 (whatever is asked for, it is not here)
        *,
        schema: str,  # noqa: ARG002
        revision: int | None = None,  # noqa: ARG002
        at_us: int | None = None,  # noqa: ARG002
    ) -> Snapshot | None:
        """Return nothing."""
        return None

    async def revisions(self, stream: str, *, schema: str) -> Sequence[int]:  # noqa: ARG002
        """Return no revisions."""
        return ()

    async def drop(self, stream: str, revision: int) -> None:
        """Do nothing."""

    async def retire(self, stream: str, *, schema: str) -> int:  # noqa: ARG002
        """Return that there were none."""
        return 0
