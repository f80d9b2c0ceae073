"""What if nothing were different: every recorded fill happens again, in every recorded market."""

import pytest

from adapters.recordings.formats import open_recording
from adapters.snapshots.memory import NoSnapshots
from application.past import Past
from application.streams import MARKET
from application.whatif.telling import same_until
from application.whatif.what_if import Question, what_if
from domain.identifiers import Ticker
from tests.acceptance.recorded_data import recorded_files
from tests.acceptance.replayed import Venue, venue

RECORDED = 22


async def fills_again(there: Venue) -> dict[Ticker, int]:
    """Return how many trades each market had; all of them must happen again from the first event on."""
    past = Past(reader=there.store, codec=there.codec, snapshots=NoSnapshots())
    markets: dict[Ticker, int] = {}
    async for page in there.store.read_all():
        for event in page.events:
            if event.stream.startswith(MARKET):
                markets[Ticker(event.stream.removeprefix(MARKET))] = 0
    for ticker in markets:
        answer = await what_if(past, Question(ticker=ticker, revision=0))
        recorded, other = answer.fork.recorded, answer.fork.other
        assert not answer.fork.refused, ticker
        assert same_until(recorded, other) == len(recorded.trades) == len(other.trades), ticker
        assert other.state.digest() == recorded.state.digest(), ticker
        markets[ticker] = len(recorded.trades)
    return markets


@pytest.mark.parametrize(
    "number", [0, *(pytest.param(number, marks=pytest.mark.more) for number in range(1, RECORDED))]
)
async def test_an_empty_change_reproduces_every_recorded_fill(number: int) -> None:
    files = recorded_files("polymarket_l2/*.ops.csv.gz")
    assert len(files) == RECORDED
    async with venue() as there:
        await there.replay(open_recording(sorted(files, key=lambda path: path.stat().st_size)[number]))
        fills = await fills_again(there)
    assert len(fills) == 1
    assert all(fills.values()) or not number
