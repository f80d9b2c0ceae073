"""A long answer is written a piece at a time, and is what it would be if it were written at once."""

import asyncio
from typing import Any

import orjson
import pytest

from adapters.http.answers.in_turns import AT_ONCE
from adapters.http.answers.replies import PIECE, PIECE_BYTES, written_out


def _answer(length: int, text: str = "é\n") -> dict[str, Any]:
    items = [{"number": number, "text": text, "more": [number, None]} for number in range(length)]
    return {"items": items, "others": [], "cursor": 'é\u2028"', "none": None, "inner": {"items": items}}


@pytest.mark.parametrize("length", [0, 1, AT_ONCE, AT_ONCE + 1, AT_ONCE + PIECE, 10 * AT_ONCE])
async def test_an_answer_in_pieces_is_the_same(length: int) -> None:
    answer = _answer(length)
    assert await written_out(answer) == orjson.dumps(answer)


async def test_what_is_no_page_is_written_at_once() -> None:
    assert await written_out({"b": 1, "a": [None]}) == b'{"b":1,"a":[null]}'


async def test_others_have_their_turn_after_so_many_bytes() -> None:
    turns = 0

    async def watch() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    written = await written_out(_answer(1_000, "x" * (PIECE_BYTES // PIECE)))
    watching.cancel()
    assert turns >= 1_000 // PIECE
    assert len(written) > 1_000 * PIECE_BYTES // PIECE
