"""After crashes and lost answers, an empty what-if gives every market's recorded life again."""

import random

import pytest

from adapters.simulation.running import LIVES, Faults, History, Life
from adapters.simulation.steps import MARKETS, set_up, steps_of
from adapters.simulation.world import World
from application.past import Past
from application.whatif.telling import same_until
from application.whatif.what_if import Question, what_if
from domain.identifiers import Ticker

COMMANDS = 200


@pytest.mark.parametrize("seed", [301, *(pytest.param(seed, marks=pytest.mark.more) for seed in (302, 303))])
async def test_every_market_fills_as_it_filled(seed: int) -> None:
    rng = random.Random(seed)
    world = World(seed)
    assert not await world.run(set_up)
    for _ in range(LIVES):
        steps = steps_of(rng.getrandbits(32), COMMANDS // LIVES)
        life = Life(world, steps, rng, Faults(two_instances=0), History())
        await world.run(life.run, crash_at=rng.randint(100, COMMANDS), after=rng.random() < 0.5)
    past = Past(reader=world.log, codec=world.codec, snapshots=world.snapshots)
    trades = 0
    for ticker in map(Ticker, MARKETS):
        last = await past.last_revision(ticker)
        for revision in (0, rng.randint(0, last)):
            answer = await what_if(past, Question(ticker=ticker, revision=revision))
            recorded, other = answer.fork.recorded, answer.fork.other
            where = f"seed {seed}, {ticker} from {revision}"
            assert same_until(recorded, other) == len(recorded.trades) == len(other.trades), where
            holdings = [{each: told.holding(each) for each in told.accounts} for told in (recorded, other)]
            assert holdings[0] == holdings[1], where
            assert not answer.fork.refused, where
        trades += len(recorded.trades)
    assert trades > 10, f"seed {seed}"
