"""Limits at work: whatever fails in them, trading goes on, and readiness says so."""

from ipaddress import ip_address

import pytest

from application.health import Health, Trouble
from application.limiting.limits import ALONE_S, Limits, SharedBucketsUnavailable
from application.limiting.tiers import TIERS, Kind, LimitRules
from application.limiting.token_bucket import Decision, Outcome, Rate, TokenBucketRateLimiter
from domain.identifiers import AccountId
from tests.clock_by_hand import ClockByHand

ANN = AccountId("ann")
RATE = Rate(per_s=1, burst=2)
RULES = LimitRules(tiers={"basic": dict.fromkeys(Kind, RATE)}, address=RATE, exempt=frozenset({"10.0.0.1"}))


class Shared:
    """A Redis that can go away."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.asked: list[str] = []

    async def take(self, name: str, rate: Rate, cost: int = 1) -> Decision:
        self.asked.append(name)
        if self.fault is not None:
            raise self.fault
        return Decision(Outcome.ALLOWED, 99, 0)


class World:
    def __init__(self) -> None:
        self.health, self.shared, self.clock = Health(), Shared(), ClockByHand()
        self.limits = Limits(
            RULES,
            self.health,
            here=TokenBucketRateLimiter(self.clock.now_us),
            shared=self.shared,
            now_s=lambda: self.clock.now_us() / 1e6,
        )

    async def outcome(self, kind: Kind = Kind.WRITE) -> Outcome | None:
        ruling = await self.limits.of_account(ANN, kind)
        return None if ruling is None else ruling.decision.outcome

    @property
    def told(self) -> list[tuple[str, Trouble]]:
        return [(each.part, each.code) for each in self.health.conditions]


@pytest.fixture
def world() -> World:
    return World()


async def test_while_redis_is_away_each_process_counts_for_itself_and_says_so(world: World) -> None:
    world.shared.fault = SharedBucketsUnavailable("Redis is away")
    outcomes = [await world.outcome() for _ in range(3)]
    assert outcomes == [Outcome.ALLOWED, Outcome.ALLOWED, Outcome.REFUSED]
    assert world.told == [("limits", Trouble.GUARD_FAILS_OPEN)]
    assert len(world.shared.asked) == 1, "it is left alone for a while"
    world.shared.fault = None
    world.clock.move(ALONE_S)
    assert await world.outcome() is Outcome.ALLOWED
    assert world.told == []


async def test_cancels_never_wait_for_redis(world: World) -> None:
    world.shared.fault = SharedBucketsUnavailable("Redis is away")
    assert await world.outcome(Kind.CANCEL) is Outcome.ALLOWED
    assert world.shared.asked == world.told == []


async def test_a_fault_of_a_limit_lets_everything_pass_and_says_so(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.shared.fault = ZeroDivisionError("oops")
    assert [await world.outcome() for _ in range(5)] == [None] * 5
    [condition] = world.health.conditions
    assert condition.message == "requests are not limited: ZeroDivisionError: oops"
    assert world.limits.decisions["basic", "write", "failed_open"] == 5
    assert caplog.text.count("a limit could not be decided on") == 1
    world.shared.fault = None
    assert await world.outcome() is Outcome.ALLOWED
    assert world.told == []


def test_a_fault_about_an_address_lets_it_pass_too(world: World) -> None:
    assert world.limits.of_address("no:address", cancels=False) is None
    assert world.told == [("limits", Trouble.GUARD_FAILS_OPEN)]


async def test_limits_of_addresses_and_of_accounts_are_well_each_by_themselves(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        assert world.limits.of_address("no:address", cancels=False) is None
        assert await world.outcome() is Outcome.ALLOWED
        assert world.told == [("limits", Trouble.GUARD_FAILS_OPEN)], "accounts do not speak for addresses"
    assert caplog.text.count("a limit could not be decided on") == 1
    assert world.limits.of_address("192.0.2.1", cancels=False) is not None
    assert world.told == []


def test_an_address_is_limited_unless_it_is_exempt_and_cancels_have_room_of_their_own(world: World) -> None:
    def allowed(address: str, *, cancels: bool = False) -> list[bool | None]:
        rulings = [world.limits.of_address(address, cancels=cancels) for _ in range(3)]
        return [None if ruling is None else ruling.allowed for ruling in rulings]

    assert allowed("192.0.2.1") == [True, True, False]
    assert allowed("192.0.2.1", cancels=True) == [True, True, False]
    assert allowed("192.0.2.2") == [True, True, False]
    assert allowed("10.0.0.1") == allowed("") == [None] * 3
    assert world.limits.decisions["address", "address", "refused"] == 3


def test_who_has_a_whole_network_has_one_bucket(world: World) -> None:
    addresses = [str(ip_address("2001:db8::") + number) for number in (1, 2, 2**64 - 1, 2**64)]
    allowed = [world.limits.of_address(address, cancels=False) for address in addresses]
    assert [ruling is not None and ruling.allowed for ruling in allowed] == [True, True, False, True]


async def test_what_was_decided_is_counted_by_tier_kind_and_outcome(world: World) -> None:
    world.shared.fault = SharedBucketsUnavailable("away")
    for _ in range(3):
        await world.outcome()
    [measure] = world.limits.measures()
    assert measure.name == "presage_limiter_decisions"
    counted = {labels: n for labels, n in measure.values.items() if n}
    assert counted == {("basic", "write", "allowed"): 2, ("basic", "write", "refused"): 1}
    assert ("basic", "cancel", "boxed") in measure.values, "what has not happened is told as well"


def test_nobody_who_cancels_is_ever_boxed() -> None:
    assert [tier[Kind.CANCEL].strikes for tier in TIERS.values()] == [0, 0, 0]
    assert all(tier[Kind.CANCEL].per_s >= tier[Kind.WRITE].per_s for tier in TIERS.values())
