"""A file of requests and their answers, a line each, without anything secret in it."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

import msgspec

FORMAT = "presage-session-1"

HIDDEN = "***"
SECRET = frozenset(
    {
        "password",
        "new_password",
        "current_password",
        "private_key",
        "private_key_pem",
        "session",
        "token",
        "url",
    }
)
"""The fields, of requests and of answers, whose values are not written down."""

TOLD = ("content-type", "retry-after", "ratelimit", "ratelimit-policy")
"""The headers of answers that are: none of a request's, which sign it, and no cookies."""


class UnusableSession(ValueError):
    """A file is no recorded session; the message names the line."""


class Played(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request and its answer. Bodies are JSON where they are, else text."""

    method: str
    path: str
    query: list[tuple[str, str]]
    body: Any
    status: int
    headers: dict[str, str]
    answer: Any


def query_of(query: bytes) -> list[tuple[str, str]]:
    """Return the parameters of a query, whatever order they came in."""
    return sorted(parse_qsl(query.decode("latin-1"), keep_blank_values=True))


def content_of(body: bytes) -> Any:
    """Return a body as JSON, as text if it is none, ``None`` if there is none."""
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")


def discreet(content: Any) -> Any:
    """Return content without what is secret in it."""
    if isinstance(content, dict):
        return {
            name: HIDDEN if name in SECRET and isinstance(each, str) and each else discreet(each)
            for name, each in content.items()
        }
    return [discreet(each) for each in content] if isinstance(content, list) else content


class Cassette:
    """Writes a session down as it goes on. The file must be new."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("x", encoding="utf-8")
        self.played = 0
        self._write({"format": FORMAT})

    def note(self, played: Played) -> None:
        """Write a request and its answer down."""
        self.played += 1
        self._write(msgspec.to_builtins(played))

    def _write(self, document: Any) -> None:
        self._file.write(json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n")
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def read_cassette(path: Path) -> Sequence[Played]:
    """Return a recorded session. Raises :class:`UnusableSession`."""
    with path.open(encoding="utf-8", errors="strict") as file:
        return list(_read(path, file))


def _read(path: Path, lines: Iterable[str]) -> Iterator[Played]:
    number = 0
    try:
        for number, line in enumerate(lines, 1):
            document = json.loads(line)
            if number > 1:
                yield msgspec.convert(document, Played)
            else:
                _refuse_other_formats(document)
    except (ValueError, msgspec.ValidationError) as error:
        raise UnusableSession(f"{path}: line {number}: {error}") from None
    if not number:
        raise UnusableSession(f"{path}: there is nothing in it")


def _refuse_other_formats(document: Any) -> None:
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"a session begins with its format, {FORMAT}")
