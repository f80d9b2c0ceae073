"""After crashes and lost answers, a snapshot with the events after it is the same as all the events."""

import random

import pytest

from adapters.simulation.running import LIVES, Faults, History, Life
from adapters.simulation.steps import MARKETS, set_up, steps_of
from adapters.simulation.world import PARTITIONS, World
from adapters.snapshots.memory import NoSnapshots
from application.ports.snapshots import Snapshots
from application.snapshots.form import Form
from application.snapshots.history import StreamHistory
from application.snapshots.ledger_form import LEDGER_FORM
from application.snapshots.market_form import MARKET_FORM
from application.snapshots.standing import Standing
from application.streams import ledger_stream, market_stream
from domain.ledger.aggregate import LEDGER
from domain.market.aggregate import MARKET

COMMANDS = 350


@pytest.mark.parametrize("seed", [101, pytest.param(102, marks=pytest.mark.more)])
async def test_snapshot_and_tail_are_the_whole_log(seed: int) -> None:
    rng = random.Random(seed)
    world = World(seed)
    assert not await world.run(set_up)
    for _ in range(LIVES):
        steps = steps_of(rng.getrandbits(32), COMMANDS // LIVES)
        life = Life(world, steps, rng, Faults(two_instances=0), History())
        await world.run(life.run, crash_at=rng.randint(100, COMMANDS), after=rng.random() < 0.5)
    used = 0
    streams = [(market_stream(ticker), MARKET, MARKET_FORM) for ticker in MARKETS]
    streams += [(ledger_stream(number), LEDGER, LEDGER_FORM) for number in range(PARTITIONS)]  # type: ignore[list-item]
    for stream, decider, form in streams:
        quick = await latest(world, stream, decider, form, world.snapshots)
        slow = await latest(world, stream, decider, form, NoSnapshots())
        assert quick.tip == slow.tip
        assert quick.state.digest() == slow.state.digest(), f"seed {seed}, {stream}"
        assert form.capture(quick.state) == form.capture(slow.state)
        used += quick.kept >= 0
    assert used > len(streams) // 2


async def latest(
    world: World, stream: str, decider: object, form: Form[object], snapshots: Snapshots
) -> Standing[object]:
    history = StreamHistory(
        stream,
        decider,  # type: ignore[arg-type]
        form,
        reader=world.log,
        codec=world.codec,
        snapshots=snapshots,
    )
    return await history.latest()
