"""The files of a JSON Lines log: a manifest and segments, each written under another name and renamed."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import orjson

from adapters.event_stores.data_files import UnusableLog, sync_folder
from adapters.event_stores.embedded.log import SyncFailed
from application.ports.event_store import StoreUnavailable

MANIFEST = "presage-log.json"
MANIFEST_TEXT = b'{"format": "presage-json-lines", "version": 2}\n'
WITHOUT_HEAD = b'{"format": "presage-json-lines", "version": 1}\n'
"""What earlier logs say, which have no head."""
HEAD = "head.json"
SEGMENT_SUFFIX = ".jsonl"
UNFINISHED_SUFFIX = ".tmp"


def prepare(folder: Path) -> None:
    """Make the manifest of a new log, or refuse a folder that is not a log this version can read."""
    manifest = folder / MANIFEST
    if not manifest.exists():
        if segments(folder):
            raise UnusableLog(f"{manifest}: missing, though there are segments; restore a copy")
        write_file(folder / HEAD, head_text(0, None))
        write_file(manifest, MANIFEST_TEXT)
    elif manifest.read_bytes() not in (MANIFEST_TEXT, WITHOUT_HEAD):
        raise UnusableLog(
            f"{manifest}: not the manifest this version writes; the folder is foreign, damaged or newer"
        )
    for unfinished in folder.glob(f"*{UNFINISHED_SUFFIX}"):
        unfinished.unlink()


def head_text(position: int, event_id: UUID | None) -> bytes:
    """Return what the head says of a log that goes to ``position``, where the event of this id stands."""
    return orjson.dumps({"position": position, "event": event_id}) + b"\n"


def has_head(folder: Path) -> bool:
    """Return whether the log keeps its head apart."""
    return (folder / MANIFEST).read_bytes() != WITHOUT_HEAD


def segments(folder: Path) -> Sequence[Path]:
    """Return the segment files in order."""
    return sorted(folder.glob(f"*{SEGMENT_SUFFIX}"))


def segment_path(folder: Path, first_position: int) -> Path:
    """Return the path of the segment whose first event has this position."""
    return folder / f"{first_position:020d}{SEGMENT_SUFFIX}"


def write_file(path: Path, content: bytes) -> None:
    """Replace a file as a whole: after a crash the old content is there, or the new, and nothing between."""
    unfinished = path.with_name(path.name + UNFINISHED_SUFFIX)
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise StoreUnavailable(f"{path}: {error}; nothing was recorded") from error
    try:
        sync_folder(path.parent)
    except OSError as error:
        raise SyncFailed(f"{path}: {error}") from error
