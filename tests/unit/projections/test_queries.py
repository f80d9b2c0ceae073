"""What a question asks for where it says nothing, and how long answers come in pages."""

import asyncio

from projections.reading.queries import (
    ALL_POSITIONS,
    DEFAULT_LIMIT,
    MAX_CANDLES,
    MAX_LIMIT,
    Page,
    PositionFilter,
    everything,
)


def test_a_page_has_a_hundred_items_unless_more_are_asked_for_and_a_thousand_at_most() -> None:
    assert (DEFAULT_LIMIT, MAX_LIMIT, MAX_CANDLES) == (100, 1_000, 10_000)


def test_who_asks_for_positions_without_a_word_gets_them_all() -> None:
    every = PositionFilter(ticker=None, group_ids=(), holding=False, traded=False)
    assert PositionFilter() == ALL_POSITIONS == every


async def test_all_pages_are_put_together_and_others_have_their_turn_in_between() -> None:
    asked, turns = list[str](), list[int]()

    async def page_at(cursor: str) -> Page[int]:
        asked.append(cursor)
        turns.append(others.turns)
        number = int(cursor or 0)
        return Page(items=[number], cursor=str(number + 1) if number < 3 else "")

    class Others:
        turns = 0

        async def live(self) -> None:
            while True:
                self.turns += 1
                await asyncio.sleep(0)

    others = Others()
    living = asyncio.create_task(others.live())
    assert await everything(page_at) == [0, 1, 2, 3]
    living.cancel()
    assert asked == ["", "1", "2", "3"]
    assert turns == sorted(set(turns)), "between any two pages"
