"""Some servers send a checkpoint beyond the end of the log, after which they would never be heard again."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from adapters.event_stores.eventstoredb_subscription import Subscription
from application.ports.event_store import START, Filter
from tests.unit.event_stores.test_gathering import Leads

END = 1_000


class Checkpoints:
    """A client whose subscription brings a checkpoint and says that this is the end."""

    def __init__(self, position: int) -> None:
        self._position = position
        self.asked = 0

    async def subscribe_to_all(self, **_wanted: Any) -> "Checkpoints":
        return self

    async def head(self, **_how: Any) -> int:
        self.asked += 1
        return END

    def __aiter__(self) -> AsyncIterator[Any]:
        return self._records()

    async def _records(self) -> AsyncIterator[Any]:
        yield SimpleNamespace(is_caught_up=False, is_checkpoint=True, commit_position=self._position)
        yield SimpleNamespace(is_caught_up=True, is_checkpoint=False, commit_position=None)
        await asyncio.Event().wait()

    async def stop(self) -> None:
        pass


@pytest.mark.parametrize(
    ("checkpoint", "taken"), [(END, END), (END + 1, START), (2**63, START), (2**64 - 1, START)]
)
async def test_a_checkpoint_that_cannot_be_is_passed_over(
    checkpoint: int, taken: int, caplog: pytest.LogCaptureFixture
) -> None:
    client: Any = Checkpoints(checkpoint)
    following = Subscription(client, Leads(), after=START, matching=Filter(), closed=asyncio.Event())
    page = await following.next_page()
    while not page.caught_up:
        page = await following.next_page()
    await following.stop()
    assert page.position == taken
    assert ("beyond the end of the log" in caplog.text) == (taken == START)
