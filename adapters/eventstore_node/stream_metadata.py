"""A stream's metadata, as far as it decides what readers see."""

from dataclasses import dataclass
from typing import Any

import orjson

METADATA_PREFIX = "$$"
METADATA_TYPE = "$metadata"
TOMBSTONE_TYPE = "$streamDeleted"
DELETED_REVISION = 2**63 - 1
"""The ``$tb`` of a soft-deleted stream, and the revision that clients see on a tombstone."""


def metadata_stream(stream: str) -> str:
    """Return the name of the stream that keeps a stream's metadata."""
    return METADATA_PREFIX + stream


def described_stream(stream: str) -> str | None:
    """Return the stream that a metadata stream is about."""
    return stream.removeprefix(METADATA_PREFIX) if stream.startswith(METADATA_PREFIX) else None


@dataclass(frozen=True, slots=True)
class StreamMetadata:
    """What a metadata event says."""

    max_count: int | None = None
    max_age_s: int | None = None
    truncate_before: int = 0

    @property
    def soft_deleted(self) -> bool:
        """Whether the stream was deleted and not written since."""
        return self.truncate_before == DELETED_REVISION

    def first_visible(self, last_revision: int) -> int:
        """Return the revision of the first event that readers see."""
        first = self.truncate_before
        return first if self.max_count is None else max(first, last_revision - self.max_count + 1)


NO_METADATA = StreamMetadata()
ONE_EVENT = StreamMetadata(max_count=1)
"""What holds for every metadata stream."""


def parse_metadata(data: bytes) -> StreamMetadata:
    """Read a metadata event; one that makes no sense is like none."""
    document = _document(data)
    return StreamMetadata(
        max_count=_positive(document.get("$maxCount")),
        max_age_s=_positive(document.get("$maxAge")),
        truncate_before=_positive(document.get("$tb")) or 0,
    )


def with_truncate_before(data: bytes, revision: int) -> bytes:
    """Return a metadata document with another ``$tb``."""
    return orjson.dumps(_document(data) | {"$tb": revision})


def _document(data: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _positive(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
