"""Which format a file is in, told by its first line."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

from adapters.recordings import gjp_orders, kalshi, polymarket
from adapters.recordings.betfair import BetfairStream, parse_message
from adapters.recordings.files import RecordingFile
from application.replay.recording import Recording, UnreadableRecording

_BY_COLUMNS: tuple[tuple[tuple[str, ...], Callable[[RecordingFile], Recording]], ...] = (
    (polymarket.COLUMNS, polymarket.PolymarketOps),
    (kalshi.COLUMNS, kalshi.KalshiTrades),
    (gjp_orders.COLUMNS, gjp_orders.GjpBatchOrders),
)
_KNOWN = "Polymarket operations, Kalshi trades, Good Judgment Project orders, Betfair stream messages"


def open_recordings(paths: Sequence[Path]) -> list[Recording]:
    """Return the recordings in several files that are to be replayed into one exchange.

    A file that names no market has one named after itself: two files that come to the same name are refused.
    """
    recordings: list[Recording] = []
    first_of: dict[str, Path] = {}
    for path in paths:
        recording = open_recording(path)
        recordings.append(recording)
        if isinstance(recording, polymarket.PolymarketOps):
            if first := first_of.get(recording.market):
                taken = f"its market would be {recording.market}, as that of {first}; rename one of them"
                raise UnreadableRecording(path, None, taken)
            first_of[recording.market] = path
    return recordings


def open_recording(path: Path) -> Recording:
    """Return the recording in a file, gzipped or plain.

    The whole file is read and checked first, so that a bad one is refused before anything of it is
    replayed; ``UnreadableRecording`` says which line is wrong.
    """
    file = RecordingFile(path)
    _, first = next(file.lines(), (0, ""))
    if not first:
        raise file.fault(None, "the file is empty")
    if _is_stream(first):
        return BetfairStream(file)
    try:
        header = set(next(csv.reader([first])))
    except csv.Error as fault:
        raise file.fault(1, f"not a line of CSV: {fault}") from fault
    for columns, make in _BY_COLUMNS:
        if header.issuperset(columns):
            return make(file)
    raise file.fault(1, f"this is no recording Presage knows; it knows {_KNOWN}")


def _is_stream(line: str) -> bool:
    try:
        parse_message(line)
    except (ValueError, RecursionError):
        return False
    return True
