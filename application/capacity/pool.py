"""How many database connections are needed (exercise 13): Little's law, and waiting by Erlang's formula."""

import math
from dataclasses import dataclass

WAIT_P99_S = 0.001
"""How long one request in a hundred may wait for a connection at most, unless another bound is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is asked of a database: ``requests_per_s`` of one query each, and how long one takes."""

    requests_per_s: float = 2_000
    query_s: float = 0.003
    network_s: float = 0.0005

    @property
    def held_s(self) -> float:
        """How long a request holds a connection: the query, and the way there and back."""
        return self.query_s + self.network_s

    @property
    def busy(self) -> float:
        """How many connections are busy on the average: Little's law."""
        return self.requests_per_s * self.held_s


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolState:
    """How a pool of some size does under a load; waits are infinite where the load is too much for it."""

    connections: int
    utilization: float
    wait_share: float
    wait_mean_s: float
    wait_p99_s: float
    burst_s: float


def minimum(load: Load) -> int:
    """Return the least number of connections that keeps up at all."""
    return math.ceil(round(load.busy, 9))


def wait_share(connections: int, busy: float) -> float:
    """Return the share of requests that find all connections busy, if they come at random (Erlang C)."""
    if busy >= connections:
        return 1.0
    blocked = 1.0  # Erlang B for none, then for one more each time
    for servers in range(1, connections + 1):
        blocked = busy * blocked / (servers + busy * blocked)
    return blocked / (1 - busy / connections * (1 - blocked))


def state(load: Load, connections: int, *, burst: int = 2_000) -> PoolState:
    """Return how a pool does; ``burst_s`` is how long it takes for so many requests that come at once."""
    share = wait_share(connections, load.busy)
    spare_per_s = (connections - load.busy) / load.held_s
    keeps_up = spare_per_s > 0
    return PoolState(
        connections=connections,
        utilization=min(1.0, load.busy / connections),
        wait_share=share,
        wait_mean_s=share / spare_per_s if keeps_up else math.inf,
        wait_p99_s=max(0.0, math.log(share / 0.01)) / spare_per_s if keeps_up else math.inf,
        burst_s=burst * load.held_s / connections,
    )


def recommended(load: Load, *, wait_p99_s: float = WAIT_P99_S) -> int:
    """Return the least number of connections with which 99 of 100 requests wait no longer than that."""
    connections = minimum(load)
    while state(load, connections).wait_p99_s > wait_p99_s:
        connections += 1
    return connections


def per_instance(load: Load, instances: int, *, lost: int = 0, wait_p99_s: float = WAIT_P99_S) -> int:
    """Return the size of each instance's pool when the load is spread over those that are not ``lost``.

    Instances cannot lend each other connections, so each needs its own reserve.
    """
    if not 0 <= lost < instances:
        raise ValueError(f"of {instances} instances {lost} cannot be lost")
    share = Load(
        requests_per_s=load.requests_per_s / (instances - lost),
        query_s=load.query_s,
        network_s=load.network_s,
    )
    return recommended(share, wait_p99_s=wait_p99_s)
