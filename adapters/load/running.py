"""A load on an exchange: traders and markets are made, processes send, acknowledged orders are looked for."""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from adapters.cli.client import TRADE_API, ExchangeClient, connect, named
from adapters.cli.failures import Failure
from adapters.data_folder import DataFolder, HeldKey
from adapters.http.callers.signing import generate_key_pair
from adapters.load.measured import LATE_S_MAX, Measurements, Verdict, verdicts
from adapters.load.profiles import PROFILES, Profile
from adapters.settings import Settings

_FUNDS = "1000000"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is sent: a profile at a scale for so long, by so many processes over so many connections each."""

    name: str
    scale: float = 1.0
    duration_s: float = 60.0
    processes: int = 1
    connections: int = 64
    seed: int = 1

    @property
    def profile(self) -> Profile:
        """The profile of that name."""
        return PROFILES[self.name]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a load found, and whether it was the load that was asked for.

    ``late_ms`` is how late one of a hundred requests was sent: beyond 50 ms this machine could not make the
    load, and nothing is said of the exchange.
    """

    plan: Plan
    found: Measurements
    verdicts: Sequence[Verdict]
    late_ms: float

    @property
    def generated(self) -> bool:
        """Whether requests were sent when they were due."""
        return self.late_ms <= LATE_S_MAX * 1_000

    @property
    def held(self) -> bool:
        """Whether all that is promised was held, under the load that was asked for."""
        return self.generated and all(each.held for each in self.verdicts)


@asynccontextmanager
async def private_exchange() -> AsyncIterator[Settings]:
    """Run an exchange of its own in a folder of its own, as long as the block runs."""
    with TemporaryDirectory(prefix="presage-load-") as folder:
        command = ["serve", "--data", folder, "--port", "0", "--json"]
        process = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("presage"), *command, stdout=asyncio.subprocess.PIPE
        )
        try:
            assert process.stdout is not None
            if not await process.stdout.readline():
                raise Failure("exchange_failed", "the exchange that was to bear the load did not start")
            yield Settings(data=Path(folder))
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def run_load(plan: Plan, settings: Settings) -> Outcome:
    """Put a load on the running exchange of a data folder."""
    running = DataFolder(settings.data).server()
    if running is None:
        raise Failure(
            "no_server",
            f"no exchange is running on {settings.data}",
            details="start it with `presage serve`, or leave --data out for an exchange made for the load",
        )
    private_pem, public_pem = generate_key_pair()
    with TemporaryDirectory(prefix="presage-load-key-") as folder:
        private_key = Path(folder) / "traders.pem"
        private_key.write_text(private_pem, encoding="ascii")
        async with connect(settings) as exchange:
            keys, markets = await prepare(exchange, plan.profile, public_pem)
        found = await _sent(plan, running.url, keys, markets, private_pem)
        async with connect(settings) as exchange:
            lost, doubled = await missing(exchange, found.acknowledged, dict(keys), private_key)
    late_ms = found.lateness.get_value_at_percentile(99) / 1_000
    return Outcome(plan=plan, found=found, verdicts=verdicts(found, lost, doubled), late_ms=late_ms)


async def prepare(
    exchange: ExchangeClient, profile: Profile, public_pem: str
) -> tuple[Sequence[tuple[str, str]], Sequence[str]]:
    """Make markets and funded traders for this load only; return traders with their keys, and markets."""
    mark = f"{time.time_ns() // 1_000_000:X}"
    markets = [f"LOAD-{mark}-{number:03d}" for number in range(profile.markets)]
    for ticker in markets:
        await exchange.operate("/markets", {"ticker": ticker, "title": f"A load on {ticker}"})
        await exchange.operate(f"/markets/{ticker}/activate", {})
    keys = []
    for number in range(profile.traders):
        account = f"load-{mark.lower()}-{number:03d}"
        body = {"amount_dollars": _FUNDS, "reference": account}
        await exchange.operate(f"/accounts/{named(account)}/deposits", body)
        key = {"name": "load", "public_key": public_pem, "scopes": ["read", "trade"], "strict": False}
        made = await exchange.operate(f"/accounts/{named(account)}/api_keys", key)
        keys.append((account, str(made["api_key_id"])))
    return keys, markets


async def _sent(
    plan: Plan, url: str, keys: Sequence[tuple[str, str]], markets: Sequence[str], private_pem: str
) -> Measurements:
    """Let processes send, each its part of the load for its part of the traders."""
    work = [
        {
            "url": url,
            "profile": plan.name,
            "scale": plan.scale / plan.processes,
            "duration_s": plan.duration_s,
            "connections": plan.connections,
            "seed": plan.seed + number,
            "private_pem": private_pem,
            "keys": keys[number :: plan.processes],
            "markets": markets,
        }
        for number in range(plan.processes)
    ]
    found = Measurements()
    for document in await asyncio.gather(*map(_one_process, work)):
        found.add(document)
    return found


async def _one_process(work: dict[str, Any]) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "adapters.load.sender"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        told, _ = await process.communicate(json.dumps(work).encode())
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    if process.returncode:
        raise Failure("load_failed", "a process of the load ended in a fault of its own")
    document: dict[str, Any] = json.loads(told)
    return document


async def missing(
    exchange: ExchangeClient,
    acknowledged_by: Mapping[str, Sequence[str]],
    keys: Mapping[str, str],
    private_key: Path,
) -> tuple[Sequence[str], Sequence[str]]:
    """Return the acknowledged orders that the exchange does not know, and those that are there twice."""
    lost: list[str] = []
    doubled: list[str] = []
    for account, acknowledged in acknowledged_by.items():
        key = HeldKey(
            key_id=keys[account], account_id=account, scopes=("read",), private_key_path=private_key
        )
        orders = await exchange.list_all(f"{TRADE_API}/portfolio/orders", "orders", {}, key=key)
        for times in (Counter(order["order_id"] for order in orders), Counter(acknowledged)):
            lost += [order_id for order_id in acknowledged if not times[order_id]]
            doubled += [order_id for order_id, count in times.items() if count > 1]
    return lost, doubled
