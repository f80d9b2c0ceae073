"""Printing: JSON for scripts, tables for people."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table


def print_json(document: object) -> None:
    """Print one JSON document on a line of its own."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def show(document: object, *, as_json: bool, view: Callable[[], "RenderableType"]) -> None:
    """Print an answer: the document itself as JSON, or its view for people."""
    if as_json:
        print_json(document)
    else:
        say(view())


def say(text: "RenderableType") -> None:
    """Print something for people to read."""
    from rich.console import Console  # noqa: PLC0415 (scripts do without it)

    Console(highlight=False).print(text, soft_wrap=isinstance(text, str))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> "Table":
    """Return a table. The names of columns of numbers end in ``#``, which is left out."""
    from rich.markup import escape  # noqa: PLC0415 (scripts do without it)
    from rich.table import Table  # noqa: PLC0415

    made = Table(title=title or None, title_justify="left")
    for name in columns:
        made.add_column(name.rstrip("#"), justify="right" if name.endswith("#") else "left", overflow="fold")
    for row in rows:
        made.add_row(*(escape("" if value is None else str(value)) for value in row))
    return made
