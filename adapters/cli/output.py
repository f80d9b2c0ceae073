"""Printing: JSON for scripts, tables for people."""

import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

WIDE = 200
"""How wide tables may become where nobody looks at a terminal."""


_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
"""What terminals obey or turn around instead of showing it."""


def visible(text: object) -> str:
    """Return a text with everything written out that a terminal would obey."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", str(text))


def safe(text: object) -> str:
    """Return a text that may stand in what people are shown: neither obeyed nor taken for markup."""
    from rich.markup import escape  # noqa: PLC0415 (scripts do without it)

    return escape(visible(text))


def print_json(document: object) -> None:
    """Print one JSON document on a line of its own."""
    sys.stdout.write(visible(json.dumps(document, ensure_ascii=False, default=str)) + "\n")
    sys.stdout.flush()


def show(document: object, *, as_json: bool, view: Callable[[], "RenderableType"]) -> None:
    """Print an answer: the document itself as JSON, or its view for people."""
    if as_json:
        print_json(document)
    else:
        say(view())


def say(text: "RenderableType") -> None:
    """Print something for people to read."""
    console().print(text, soft_wrap=isinstance(text, str))


def console() -> "Console":
    """Return standard output as a console."""
    from rich.console import Console  # noqa: PLC0415 (scripts do without it)

    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> "Table":
    """Return a table. Columns of numbers have names that end in ``#``, those that may be folded in ``~``."""
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415 (scripts do without it)
    from rich.table import Table  # noqa: PLC0415

    made = Table(box=SIMPLE_HEAD)
    for name in columns:
        made.add_column(
            name.rstrip("#~"),
            justify="right" if name.endswith("#") else "left",
            no_wrap=not name.endswith("~"),
            overflow="fold",
        )
    for row in rows:
        made.add_row(*(safe("" if value is None else value) for value in row))
    return made
