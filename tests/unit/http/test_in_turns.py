"""A long answer is made a part at a time."""

import asyncio
from itertools import pairwise

import pytest

from adapters.http.answers.in_turns import AT_ONCE, in_turns


@pytest.mark.parametrize("length", [0, 1, AT_ONCE, AT_ONCE + 1, 10 * AT_ONCE])
async def test_every_item_is_told_once_and_in_order(length: int) -> None:
    assert await in_turns(str, range(length)) == [str(number) for number in range(length)]


async def test_others_have_their_turn_after_so_many_items() -> None:
    told: list[int] = []
    seen: list[int] = []

    async def watch() -> None:
        while True:
            seen.append(len(told))
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    await in_turns(told.append, range(5 * AT_ONCE))
    watching.cancel()
    assert max(after - before for before, after in pairwise(seen)) == AT_ONCE
