"""Recordings of Betfair's Exchange Stream API: one ``mcm`` message per line."""

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

from adapters.recordings.betfair_market import BetfairMarket, Foreseen, Json
from adapters.recordings.files import RecordingFile
from adapters.recordings.numbers import SteadyClock, scaled
from application.replay.book import Book
from application.replay.flow import Instruction

MARKET_CHANGES = "mcm"
_HANDSHAKE = ("connection", "status")
_MICROSECONDS = 1000


class BetfairStream:
    """A stream of market changes, of one market or several."""

    format = "betfair-stream"

    def __init__(self, file: RecordingFile) -> None:
        self._file = file
        self.name = file.path.name
        self._foreseen = self._definitions()
        self.count_hint = sum(1 for _ in self.instructions())

    def instructions(self) -> Iterator[Instruction]:
        """Yield what every message asks for."""
        markets: dict[str, BetfairMarket] = {}
        clock, refs = SteadyClock(), count(1)
        for number, message in self._messages():
            at_us = clock.at(self._file.parsed(number, _published_us, message))
            for change in self._file.parsed(number, _changes, message):
                market_id = change["id"]
                if market_id not in markets:
                    foreseen = self._foreseen.get(market_id) or Foreseen(market_id)
                    markets[market_id] = BetfairMarket(foreseen, refs)
                market = markets[market_id]
                yield from self._file.parsed(number, _all, market, change, at_us)

    def recorded_final_book(self) -> Book | None:
        """Return nothing: a stream ends with its markets closed and their books empty."""
        return None

    def _messages(self) -> Iterator[tuple[int, Json]]:
        for number, text in self._file.lines():
            message = self._file.parsed(number, parse_message, text)
            if message["op"] == MARKET_CHANGES:
                yield number, message

    def _definitions(self) -> dict[str, Foreseen]:
        found: dict[str, Foreseen] = {}
        for number, message in self._messages():
            for change in self._file.parsed(number, _changes, message):
                if "marketDefinition" in change:
                    foreseen = found.setdefault(change["id"], Foreseen(change["id"]))
                    self._file.parsed(number, foreseen.note, change["marketDefinition"])
        return found


def parse_message(text: str) -> Json:
    """Return one message; its decimal numbers stay the text they were."""
    message = json.loads(text, parse_float=str, parse_constant=_refuse)
    if not isinstance(message, dict) or message.get("op") not in (MARKET_CHANGES, *_HANDSHAKE):
        raise ValueError("not a message of the Exchange Stream API")
    return message


def _published_us(message: Json) -> int:
    return scaled(str(message["pt"]), 0) * _MICROSECONDS


def _changes(message: Json) -> list[Json]:
    return [{**change, "id": str(change["id"])} for change in message.get("mc") or ()]


def _all(market: BetfairMarket, change: Json, at_us: int) -> list[Instruction]:
    return list(market.change(change, at_us))


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number")
