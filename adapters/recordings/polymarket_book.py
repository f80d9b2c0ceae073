"""The last book of a token in Polymarket's raw messages, which are JSON lines after one header.

``book`` carries a token's whole depth, ``price_change`` the new size at single prices (0: level gone).
"""

import json
from typing import Any

from adapters.recordings.files import RecordingFile
from adapters.recordings.numbers import price_ticks, scaled
from application.replay.book import Book

_STREAM = "A"
_SIZE_PLACES = 2


def final_book(file: RecordingFile) -> Book:
    """Return the book after the last message of token A, whose stream the operations come from."""
    sides: dict[str, dict[int, int]] = {"bid": {}, "ask": {}}
    for number, text in file.lines():
        message = file.parsed(number, json.loads, text)
        file.parsed(number, _apply, message, sides)
    return Book.of(sides["bid"], sides["ask"])


def _apply(message: dict[str, Any], sides: dict[str, dict[int, int]]) -> None:
    if message.get("token") != _STREAM:
        return
    match message["type"]:
        case "book":
            sides["bid"] = {price_ticks(price): _size(size) for price, size in message["bids"]}
            sides["ask"] = {price_ticks(price): _size(size) for price, size in message["asks"]}
        case "price_change":
            for side, price, size in message["changes"]:
                sides[side][price_ticks(price)] = _size(size)
        case other:
            raise ValueError(f"no such message: {other}")


def _size(text: str) -> int:
    return scaled(text, _SIZE_PLACES)
