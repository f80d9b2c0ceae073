"""Who shares the work is said by the log, and changes as a whole or not at all."""

from collections import Counter

import pytest

from adapters.event_schemas.codec import JsonCodec
from adapters.event_stores.memory import MemoryEventStore
from application.cluster.membership import (
    Decide,
    Membership,
    MembershipRefused,
    adding,
    change,
    handing_over,
    joining,
    removing,
)
from application.cluster.placement import OwnerAway, Placement
from domain.cluster import ClusterState, EngineHandedOver, EngineJoined, EngineLeft, evolve, fault_of
from tests.clock_by_hand import ClockByHand

KEYS = [f"market-M{number}" for number in range(3_000)]


class Log:
    """A log in memory in which engines come and go."""

    def __init__(self) -> None:
        self.store, self.codec = MemoryEventStore(), JsonCodec()

    async def change(self, *decisions: Decide) -> None:
        for decide in decisions:
            await change(self.store, self.codec, ClockByHand(), decide)

    async def settle(self, *engines: str) -> None:
        await self.change(*map(handing_over, engines))

    async def placement(self, engine: str | None = None) -> Placement:
        membership = Membership(self.store, self.codec)
        await membership.look()
        return Placement(membership, engine)

    async def owners(self) -> dict[str, str]:
        placement = await self.placement()
        return {key: placement.owner(key) for key in KEYS}


@pytest.fixture
async def log() -> Log:
    log = Log()
    await log.change(joining("E1"), joining("E2"))
    await log.settle("E1")
    return log


async def test_nobody_owns_anything_before_the_first_engine() -> None:
    placement = await Log().placement()
    with pytest.raises(OwnerAway):
        placement.owner(KEYS[0])


async def test_two_engines_share_all_there_is_and_every_process_sees_the_same(log: Log) -> None:
    owners = await log.owners()
    assert set(owners.values()) == {"E1", "E2"}
    assert owners == await log.owners()
    here = await log.placement("E1")
    assert [here.here(key) for key in KEYS] == [owner == "E1" for owner in owners.values()]


async def test_an_accounts_money_keys_and_webhooks_are_in_one_place(log: Log) -> None:
    placement = await log.placement()
    for number in range(50):
        owners = {placement.owner(f"{kind}-{number:02d}") for kind in ("ledger", "identity", "webhooks")}
        assert len(owners) == 1


async def test_what_a_new_engine_takes_stays_where_it_is_until_it_was_handed_over(log: Log) -> None:
    before = await log.owners()
    await log.change(adding("E3"))
    assert await log.owners() == before
    await log.settle("E1")
    half = await log.owners()
    assert {before[key] for key in KEYS if half[key] != before[key]} == {"E1"}
    await log.settle("E2")
    after = await log.owners()
    moved = [key for key in KEYS if after[key] != before[key]]
    assert {after[key] for key in moved} == {"E3"}
    assert len(moved) == pytest.approx(len(KEYS) / 3, rel=0.15)


async def test_what_an_engine_had_goes_back_to_where_it_came_from(log: Log) -> None:
    before = await log.owners()
    await log.change(adding("E3"))
    await log.settle("E1", "E2")
    with_it = await log.owners()
    await log.change(removing("E3"))
    assert await log.owners() == with_it
    await log.settle("E3")
    assert await log.owners() == before


async def test_an_owner_that_hands_over_knows_what_stays(log: Log) -> None:
    await log.change(adding("E3"))
    placement = await log.placement("E1")
    counted = Counter((placement.here(key), placement.stays(key)) for key in KEYS)
    assert counted[True, False] > 0
    assert counted[True, True] > 0
    assert counted[False, True] == 0


@pytest.mark.parametrize(
    ("decide", "code"),
    [
        (adding("E1"), "engine_exists"),
        (removing("E9"), "unknown_engine"),
        (joining("E3"), None),
        (joining("E1"), None),
    ],
)
async def test_changes_that_cannot_be_are_refused(log: Log, decide: Decide, code: str | None) -> None:
    if code is None:
        await log.change(decide)
        return
    with pytest.raises(MembershipRefused) as refused:
        await log.change(decide)
    assert refused.value.code == code


async def test_nothing_changes_while_somebody_has_still_to_hand_over(log: Log) -> None:
    await log.change(adding("E3"))
    for decide in (adding("E4"), joining("E4"), removing("E1")):
        with pytest.raises(MembershipRefused, match="E1, E2 has still to hand over") as refused:
            await log.change(decide)
        assert refused.value.code == "hand_over_under_way"


async def test_the_last_engine_stays() -> None:
    log = Log()
    await log.change(joining("E1"))
    with pytest.raises(MembershipRefused) as refused:
        await log.change(removing("E1"))
    assert refused.value.code == "last_engine"


async def test_an_engine_that_was_removed_does_not_come_back_by_itself(log: Log) -> None:
    await log.change(removing("E2"), joining("E2"))  # it has still to hand over
    await log.settle("E2")
    with pytest.raises(MembershipRefused) as refused:
        await log.change(joining("E2"))
    assert refused.value.code == "engine_removed"
    await log.change(adding("E2"))
    assert "E2" in (await log.placement()).membership.state.members


def test_the_log_is_checked_for_what_cannot_be() -> None:
    state = ClusterState()
    for event, fault in (
        (EngineJoined(engine="E1"), None),
        (EngineJoined(engine="E1"), "is a member"),
        (EngineLeft(engine="E1"), "nobody is left"),
        (EngineLeft(engine="E2"), "no member"),
        (EngineHandedOver(engine="E1", lost=False), "owes nothing"),
        (EngineJoined(engine="E2"), None),
        (EngineLeft(engine="E2"), "while E1 has still to hand over"),
        (EngineHandedOver(engine="E1", lost=True), None),
    ):
        found = fault_of(state, event)
        assert (found is None) if fault is None else (fault in str(found))
        if fault is None:
            evolve(state, event)
