"""What the load of an election costs in cores, added up from what was measured (exercise 30)."""

from collections.abc import Mapping
from typing import Any

REQUESTS_PER_S, ORDERS_PER_S, MARKETS = 20_000, 2_000, 100
AIM_CORES = 4.0
GENERATOR = "client"

TICKERS = [f"BENCH-{number}" for number in range(MARKETS)]


def cores(orders: Mapping[str, float], reads: Mapping[str, float]) -> dict[str, Any]:
    """Return the cores by role, from processor seconds for a thousand requests; no generator's."""
    reads_per_s = REQUESTS_PER_S - ORDERS_PER_S
    by_role = {
        role: (ORDERS_PER_S * orders.get(role, 0.0) + reads_per_s * reads.get(role, 0.0)) / 1_000
        for role in dict.fromkeys([*orders, *reads])
        if role != GENERATOR
    }
    in_all = sum(by_role.values())
    return {
        **{role: round(each, 2) for role, each in by_role.items()},
        "in_all": round(in_all, 2),
        "under_4": "yes" if in_all < AIM_CORES else "no",
    }
