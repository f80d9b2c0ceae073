"""One event of the log, as ``presage inspect`` shows it."""

import json
import sys
from functools import cached_property
from typing import Any

from rich.text import Text

from adapters.cli.output import console, print_json, visible
from adapters.cli.times import time_text
from application.ports.event_store import RecordedEvent


class StoredEvent:
    """An event as the store keeps it, whatever version it has."""

    def __init__(self, stored: RecordedEvent) -> None:
        self.stored = stored

    @cached_property
    def _metadata(self) -> dict[str, Any]:
        return _object(self.stored.metadata)

    @property
    def at_us(self) -> int:
        """When the event was decided; when it was recorded if it does not say."""
        at_us = self._metadata.get("at_us")
        return at_us if isinstance(at_us, int) else self.stored.recorded_at_us

    @property
    def correlation_id(self) -> str:
        """What the command behind it belongs to."""
        return str(self._metadata.get("$correlationId", self.stored.id))

    def document(self) -> dict[str, Any]:
        """Return everything the log says of the event."""
        stored = self.stored
        return {
            "position": stored.position,
            "stream": stored.stream,
            "revision": stored.revision,
            "type": stored.type,
            "version": self._metadata.get("version"),
            "at": time_text(self.at_us),
            "recorded_at": time_text(stored.recorded_at_us),
            "event_id": str(stored.id),
            "correlation_id": self.correlation_id,
            "causation_id": self._metadata.get("$causationId"),
            "data": _object(stored.data),
        }

    def line(self) -> Text:
        """Return the event on one line, for people."""
        stored = self.stored
        place = visible(f"{stored.stream}@{stored.revision}")
        return Text.assemble(
            (f"{stored.position:>8}  ", "dim"),
            (f"{time_text(self.at_us)[:23]}  ", "dim"),
            (f"{place:<28}  ", "cyan"),
            (f"{visible(stored.type):<20}  ", "bold"),
            visible(stored.data.decode("utf-8", "replace")),
        )


class EventPrinter:
    """Prints events as they come: as JSON, or as lines no longer than the terminal is wide."""

    def __init__(self, *, as_json: bool) -> None:
        self.printed = 0
        self._as_json = as_json
        self._console = console() if sys.stdout.isatty() else None

    def print(self, event: StoredEvent) -> None:
        """Print an event."""
        self.printed += 1
        if self._as_json:
            print_json(event.document())
        elif self._console is None:
            sys.stdout.write(event.line().plain + "\n")
        else:
            self._console.print(event.line(), no_wrap=True, overflow="ellipsis")


def _object(data: bytes) -> dict[str, Any]:
    """Return a JSON object; whatever else it is as the text it is."""
    try:
        found = json.loads(data)
    except ValueError:
        return {"unreadable": data.decode("utf-8", "replace")}
    return found if isinstance(found, dict) else {"value": found}
