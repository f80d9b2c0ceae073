"""Audit bundles as folders of three files."""

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from shutil import rmtree

from application.audit.chain import EVENTS, MANIFEST, STATES
from application.audit.check import Verdict, check
from application.audit.export import AuditExport
from application.ports.codec import EventCodec
from application.ports.event_store import StreamReader
from domain.identifiers import Ticker


class UnusableBundle(Exception):
    """A bundle cannot be written or read; the message names the file."""


async def write_bundle(
    folder: Path, ticker: Ticker, *, reader: StreamReader, codec: EventCodec, now_us: int
) -> AuditExport:
    """Write a market's bundle into a new folder: under another name first, so it is there whole or not."""
    beside = _make_room(folder)
    export = AuditExport(ticker, reader=reader, codec=codec)
    with (beside / EVENTS).open("wb") as file:
        async for line in export.event_lines():
            file.write(line)
    if not export.events:
        rmtree(beside)
        raise UnusableBundle(f"there is no market {ticker}")
    (beside / STATES).write_bytes(export.state_lines())
    manifest = export.manifest(exported_at_us=now_us, version=version("presage"))
    (beside / MANIFEST).write_bytes(manifest)
    beside.replace(folder)
    return export


def _make_room(folder: Path) -> Path:
    """Return an empty folder beside the one that is to be."""
    if folder.exists():
        raise UnusableBundle(f"{folder}: is there already; name another with --out")
    beside = folder.with_name(f"{folder.name}.new")
    rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    return beside


def verify_bundle(folder: Path, codec: EventCodec) -> Verdict:
    """Check a bundle, offline."""
    for name in (EVENTS, STATES, MANIFEST):
        if not (folder / name).is_file():
            raise UnusableBundle(f"{folder / name}: is not there")
    states, manifest = (folder / STATES).read_bytes(), (folder / MANIFEST).read_bytes()
    return check(_lines(folder / EVENTS), states, manifest, codec)


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file
