"""The text of a recording, gzipped or plain, line by line, with every fault named by file and line."""

import csv
import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from io import BufferedIOBase
from pathlib import Path
from typing import ParamSpec, TypeVar

from application.replay.recording import UnreadableRecording

_GZIP_MAGIC = b"\x1f\x8b"
_LONGEST_LINE_BYTES = 16_000_000

P = ParamSpec("P")
T = TypeVar("T")


class RecordingFile:
    """A file that can be read from the beginning any number of times."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fault(self, line: int | None, problem: str) -> UnreadableRecording:
        """Return the exception that says what is wrong and where."""
        return UnreadableRecording(self.path, line, problem)

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yield each line that is not blank, with its number, counted from 1."""
        number = 0
        try:
            with self._open() as stream:
                while raw := stream.readline(_LONGEST_LINE_BYTES):
                    number += 1
                    if len(raw) == _LONGEST_LINE_BYTES:
                        raise self.fault(number, f"the line is longer than {_LONGEST_LINE_BYTES:,} bytes")
                    if text := self._decoded(number, raw):
                        yield number, text
        except EOFError:
            raise self.fault(number + 1, "the gzip file is truncated") from None
        except (zlib.error, gzip.BadGzipFile) as fault:
            raise self.fault(number + 1, f"the gzip file is damaged: {fault}") from fault
        except OSError as fault:
            raise self.fault(None, f"cannot be read: {fault.strerror}") from fault

    def rows(self, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
        """Yield each row of a CSV file by column name, with the number of its last line."""
        numbers = [0]
        reader = csv.reader(self._numbered(numbers), strict=True)
        try:
            header = next(reader, [])
            if missing := [column for column in columns if column not in header]:
                raise self.fault(1, f"the header lacks {', '.join(missing)}")
            for values in reader:
                if len(values) != len(header):
                    raise self.fault(numbers[0], f"{len(values)} columns where {len(header)} are expected")
                yield numbers[0], dict(zip(header, values, strict=True))
        except csv.Error as fault:
            raise self.fault(numbers[0], f"not valid CSV: {fault}") from fault

    def parsed(self, number: int, parse: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what ``parse`` makes of a line; what it cannot understand is a fault of that line."""
        try:
            return parse(*args, **kwargs)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as fault:
            raise self.fault(number, _described(fault)) from fault

    def _open(self) -> BufferedIOBase:
        with self.path.open("rb") as stream:
            magic = stream.read(len(_GZIP_MAGIC))
        return gzip.open(self.path, "rb") if magic == _GZIP_MAGIC else self.path.open("rb")

    def _decoded(self, number: int, raw: bytes) -> str:
        try:
            text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as fault:
            raise self.fault(number, "the text is not UTF-8") from fault
        return text if text.strip() else ""

    def _numbered(self, numbers: list[int]) -> Iterator[str]:
        for number, text in self.lines():
            numbers[0] = number
            yield text


def _described(fault: Exception) -> str:
    if isinstance(fault, KeyError):
        return f"{fault} is missing"
    if isinstance(fault, ValueError):
        return str(fault)
    return f"unexpected structure ({fault})"
