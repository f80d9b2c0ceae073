"""What an exchange needs for a load, and what that costs a month (exercise 30).

Every figure of a plan is a product that can be checked by hand: work a second, times what a piece of work
takes of a processor, times the headroom, in whole instances. What a piece of work takes is not guessed here:
it is a :class:`UnitCosts`, of which there are two, :data:`RULES_OF_THUMB` and what ``presage bench capacity``
measured (:data:`MEASURED`).
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

HOURS_A_MONTH = 730
_US = 1e-6
_GB = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What is asked of an exchange.

    ``requests_per_s`` and ``orders_per_s`` are those of the peak, and orders are among the requests.
    ``hottest_share`` is the part of the orders that the busiest market gets: it cannot be divided. The peak
    lasts ``peak_hours`` a month; the rest of the time brings ``1 / peak_to_normal`` of it, and what was
    written in ``months_kept`` months is kept.
    """

    markets: int = 100
    requests_per_s: float = 20_000
    orders_per_s: float = 2_000
    headroom: float = 2.0
    hottest_share: float = 0.2
    peak_hours: float = 6.0
    peak_to_normal: float = 50.0
    months_kept: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be planned for."""
        if self.markets < 1:
            raise ValueError("an exchange has at least one market")
        if not 0 <= self.orders_per_s <= self.requests_per_s:
            raise ValueError("orders are among the requests: there cannot be more orders than requests")
        if self.headroom < 1:
            raise ValueError("a headroom below 1 is less than the load itself")
        if not 1 / self.markets <= self.hottest_share <= 1:
            raise ValueError("the busiest market has at least an equal share of the orders, and at most all")
        if not 0 < self.peak_hours <= HOURS_A_MONTH:
            raise ValueError(f"a month has {HOURS_A_MONTH} hours")
        if self.peak_to_normal < 1:
            raise ValueError("a peak is at least what is normal")
        if self.months_kept < 1:
            raise ValueError("what is written is kept for a month at least")

    @property
    def reads_per_s(self) -> float:
        """Requests that are not orders."""
        return self.requests_per_s - self.orders_per_s

    @property
    def orders_a_month(self) -> float:
        """Orders of a month with one peak in it."""
        normal_hours = HOURS_A_MONTH - self.peak_hours
        return 3_600 * self.orders_per_s * (self.peak_hours + normal_hours / self.peak_to_normal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Dollars for what is rented."""

    core_hour: float = 0.05
    gb_hour: float = 0.01
    gb_month: float = 0.10


class Role(StrEnum):
    """The parts of an exchange that need machines of their own."""

    API = "API servers"
    ENGINE = "engines"
    PROJECTOR = "projectors"
    EVENT_STORE = "event store"
    DATABASE = "database"
    REDIS = "Redis"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitCosts:
    """What one read and one order take of each part: processor microseconds, bytes on disk, GB of memory."""

    source: str
    read_us: dict[Role, float]
    order_us: dict[Role, float]
    order_bytes: dict[Role, float]
    process_gb: dict[Role, float]


RULES_OF_THUMB = UnitCosts(
    source="rules of thumb",
    read_us={Role.API: 1_000, Role.DATABASE: 100, Role.REDIS: 20},
    order_us={
        Role.API: 1_000,
        Role.ENGINE: 1_000,
        Role.PROJECTOR: 500,
        Role.EVENT_STORE: 200,
        Role.DATABASE: 500,
        Role.REDIS: 40,
    },
    order_bytes={Role.EVENT_STORE: 2_000, Role.DATABASE: 2_000},
    process_gb={
        Role.API: 2,
        Role.ENGINE: 4,
        Role.PROJECTOR: 2,
        Role.EVENT_STORE: 8,
        Role.DATABASE: 16,
        Role.REDIS: 4,
    },
)
"""What one would assume of a service in Python, before anything is measured: a millisecond a request, so a
thousand of them a core, a thousand orders an engine, 10,000 queries and 50,000 Redis commands a core."""


def unit_costs(document: Mapping[str, Any], *, source: str) -> UnitCosts:
    """Return the unit costs that ``presage bench capacity --json`` printed.

    Memory is not taken from there: that of a process that has just begun says nothing of a full one.

    Raises:
        KeyError, TypeError, ValueError: It is not such a document.

    """
    ours = document["ours"]
    order_us = _by_role(ours["order_us"])
    if missing := set(Role) - set(order_us):
        raise ValueError(f"what an order takes of {', '.join(sorted(missing))} is not in it")
    return UnitCosts(
        source=source,
        read_us=_by_role(ours["read_us"]),
        order_us=order_us,
        order_bytes=_by_role(ours["order_bytes"]),
        process_gb=RULES_OF_THUMB.process_gb,
    )


def _by_role(measured: Mapping[str, float]) -> dict[Role, float]:
    return {Role(role): float(value) for role, value in measured.items()}


MEASURED = UnitCosts(
    source="presage bench capacity",
    read_us={Role.API: 268, Role.PROJECTOR: 1, Role.EVENT_STORE: 1, Role.DATABASE: 45, Role.REDIS: 1},
    order_us={
        Role.API: 950,
        Role.ENGINE: 618,
        Role.PROJECTOR: 585,
        Role.EVENT_STORE: 935,
        Role.DATABASE: 181,
        Role.REDIS: 21,
    },
    order_bytes={Role.EVENT_STORE: 2_436, Role.DATABASE: 2_343},
    process_gb=RULES_OF_THUMB.process_gb,
)
"""What 10,000 orders and 10,000 reads took on two processors on 2026-11-28, every process for itself.

The event store is the stand-in node; a genuine EventStoreDB takes another share of its machine.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One part of the infrastructure: ``instances`` of ``cores_each``, ``gb_each`` and ``storage_gb_each``.

    ``busy_cores`` is what the peak takes without headroom or whole instances.
    """

    role: Role
    busy_cores: float
    instances: int
    cores_each: int
    gb_each: float
    storage_gb_each: float
    machines_per_month: float
    storage_per_month: float

    @property
    def cores(self) -> int:
        """All cores of it."""
        return self.instances * self.cores_each

    @property
    def cost_per_month(self) -> float:
        """Dollars a month."""
        return self.machines_per_month + self.storage_per_month


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimization:
    """Something to do, and what it would save a month."""

    what: str
    saved_per_month: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The infrastructure for a scenario, its most expensive part, and what could be done about it."""

    scenario: Scenario
    costs: UnitCosts
    components: tuple[Component, ...]
    warnings: tuple[str, ...]
    optimizations: tuple[Optimization, ...]

    @property
    def cores(self) -> int:
        """All cores."""
        return sum(each.cores for each in self.components)

    @property
    def busy_cores(self) -> float:
        """What the peak takes, without headroom or whole instances."""
        return sum(each.busy_cores for each in self.components)

    @property
    def cost_per_month(self) -> float:
        """Dollars a month."""
        return sum(each.cost_per_month for each in self.components)

    @property
    def most_expensive(self) -> Component:
        """The part to look at first."""
        return max(self.components, key=lambda each: each.cost_per_month)


COPIES = {Role.EVENT_STORE: 3, Role.DATABASE: 2, Role.REDIS: 2}
"""Parts that stand as whole copies of each other: a cluster of three, a primary and its standby."""

AT_LEAST = {Role.API: 2, Role.ENGINE: 1, Role.PROJECTOR: 1}
"""Parts that are as many processes of one core as the load needs, and how many there are of them at least."""


class CapacityPlanner:
    """Plans for scenarios, at given unit costs and prices."""

    def __init__(self, costs: UnitCosts = MEASURED, prices: Prices = Prices()) -> None:
        self._costs = costs
        self._prices = prices

    def plan(self, scenario: Scenario) -> Plan:
        """Return what is needed, what it costs, and what would make it cost less."""
        components = self._components(scenario)
        return Plan(
            scenario=scenario,
            costs=self._costs,
            components=components,
            warnings=tuple(self._warnings(scenario)),
            optimizations=tuple(self._optimizations(scenario, components)),
        )

    def _components(self, scenario: Scenario) -> tuple[Component, ...]:
        return tuple(self._component(role, scenario) for role in Role)

    def _component(self, role: Role, scenario: Scenario) -> Component:
        busy = self.busy_cores(role, scenario)
        wanted = max(1, math.ceil(round(busy * scenario.headroom, 9)))
        if role in COPIES:
            instances, cores_each = COPIES[role], wanted
        else:
            instances, cores_each = max(AT_LEAST[role], wanted), 1
        gb_each, storage_gb_each = self._costs.process_gb[role], self._storage_gb(role, scenario)
        hourly = cores_each * self._prices.core_hour + gb_each * self._prices.gb_hour
        return Component(
            role=role,
            busy_cores=busy,
            instances=instances,
            cores_each=cores_each,
            gb_each=gb_each,
            storage_gb_each=storage_gb_each,
            machines_per_month=instances * hourly * HOURS_A_MONTH,
            storage_per_month=instances * storage_gb_each * self._prices.gb_month,
        )

    def busy_cores(self, role: Role, scenario: Scenario) -> float:
        """Return the cores that a part keeps busy at the peak: work a second times what it takes."""
        reads = scenario.reads_per_s * self._costs.read_us.get(role, 0.0)
        return _US * (reads + scenario.orders_per_s * self._costs.order_us[role])

    def _storage_gb(self, role: Role, scenario: Scenario) -> float:
        kept = scenario.orders_a_month * scenario.months_kept
        return _GB * kept * self._costs.order_bytes.get(role, 0.0)

    def _warnings(self, scenario: Scenario) -> Iterator[str]:
        """Say what no number of machines mends: what one process has to do alone."""
        engine = 1 / (_US * self._costs.order_us[Role.ENGINE])
        hottest = scenario.orders_per_s * scenario.hottest_share
        if hottest > engine:
            yield (
                f"the busiest market gets {hottest:,.0f} orders/s, and one engine does {engine:,.0f}: "
                "a market is on one engine at a time"
            )
        projector = self.busy_cores(Role.PROJECTOR, scenario)
        if projector > 1:
            yield (
                f"projecting keeps {projector:.1f} cores busy: its projections have to be shared out among "
                "processes, and none of them can be divided"
            )

    def _optimizations(self, scenario: Scenario, components: tuple[Component, ...]) -> Iterator[Optimization]:
        cost = sum(each.cost_per_month for each in components)
        ways = (
            (
                f"outside the peak run what 1/{scenario.peak_to_normal:g} of the load needs",
                self._outside_the_peak(scenario, components),
            ),
            (
                "let clients follow the feed instead of asking again and again: half the reads",
                cost
                - self._cost(
                    replace(scenario, requests_per_s=scenario.requests_per_s - scenario.reads_per_s / 2)
                ),
            ),
            (
                "keep a tenth of the history in the read models; the log has all of it",
                0.9 * sum(each.storage_per_month for each in components if each.role is Role.DATABASE),
            ),
            (
                "a headroom of 1.5, if engines and API servers are added within minutes",
                cost - self._cost(replace(scenario, headroom=min(1.5, scenario.headroom))),
            ),
        )
        worth_it = (Optimization(what=what, saved_per_month=saved) for what, saved in ways if saved > 0)
        yield from sorted(worth_it, key=lambda each: -each.saved_per_month)

    def _cost(self, scenario: Scenario) -> float:
        return sum(each.cost_per_month for each in self._components(scenario))

    def _outside_the_peak(self, scenario: Scenario, components: tuple[Component, ...]) -> float:
        """Return what is saved if the parts that are many processes follow the load."""
        normal = replace(
            scenario,
            requests_per_s=scenario.requests_per_s / scenario.peak_to_normal,
            orders_per_s=scenario.orders_per_s / scenario.peak_to_normal,
        )
        share = 1 - scenario.peak_hours / HOURS_A_MONTH
        return share * sum(
            each.machines_per_month - self._component(each.role, normal).machines_per_month
            for each in components
            if each.role in AT_LEAST
        )
