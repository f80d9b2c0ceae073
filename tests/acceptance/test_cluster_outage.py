"""The whole exchange on a cluster of three, traded on while its members are stopped, frozen and killed.

No acknowledged order may be missing, none there twice, `verify` must find nothing, and the read models must
equal a rebuild; and orders are accepted again as soon as the cluster can take them.
"""

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from presage.signing import Signer
from tests.acceptance.presage_process import Server, presage_here, running_server
from tests.acceptance.read_rows import rows_of, rows_when_all_is_seen
from tests.acceptance.trading_load import ORDERS, Told, check_log, furnish, next_order
from tests.cluster.cluster import Cluster, running_cluster

SOAK = os.environ.get("PRESAGE_SOAK") == "1"
SEEDS = range(1, 21) if SOAK else range(1, 3)
RANDOM_S = 180.0 if SOAK else 20.0
CLIENTS_EACH = 3
SLACK_S = 1.0 if SOAK else 2.0
"""How much longer a pause may be where many tests share two processors."""


@dataclass
class Course:
    """What became of the orders over time."""

    told: Told = field(default_factory=Told)
    refused: list[str] = field(default_factory=list)
    accepted_at: list[float] = field(default_factory=list)
    over: bool = False

    def longest_pause_s(self, since: float) -> float:
        """Return the longest time without an accepted order."""
        moments = [since, *(moment for moment in self.accepted_at if moment > since)]
        return max(later - earlier for earlier, later in pairwise(moments))


@dataclass
class Venue:
    """A server, the cluster that its log is in, and who trades."""

    folder: Path
    cluster: Cluster
    server: Server
    signers: dict[str, Signer]


@contextmanager
def open_venue(folder: Path) -> Iterator[Venue]:
    with running_cluster(folder / "cluster") as cluster, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRESAGE_EVENT_STORE", cluster.uri)
        signers = furnish(folder / "data")
        with running_server(folder / "data") as server:
            yield Venue(folder / "data", cluster, server, signers)


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[Venue]:
    with open_venue(tmp_path) as venue:
        yield venue


async def trade(http: httpx.AsyncClient, signer: Signer, seed: int, course: Course) -> None:
    """Place order after order until it is over, each again and again until it is accepted."""
    choose = random.Random(seed)
    while not course.over:
        order = next_order(signer, choose, course.told)
        while True:
            answer = await http.post(ORDERS, json=order, headers=signer.headers("POST", ORDERS))
            if answer.status_code == 201:
                break
            code = answer.json()["error"]["code"]
            assert answer.status_code == 503 or code == "too_late", answer.text
            course.refused.append(code)
            await asyncio.sleep(0.1)
        placed = answer.json()["order"]
        course.told.acknowledged[placed["order_id"]] = placed
        course.accepted_at.append(time.monotonic())


async def trade_through(venue: Venue, outage: Callable[[Cluster], Awaitable[None]], seed: int = 1) -> Course:
    course = Course()
    signers = [signer for signer in venue.signers.values() for _ in range(CLIENTS_EACH)]
    async with httpx.AsyncClient(base_url=venue.server.url, timeout=60) as http:
        clients = [
            asyncio.create_task(trade(http, signer, 100 * seed + number, course))
            for number, signer in enumerate(signers)
        ]
        await asyncio.sleep(1)
        await outage(venue.cluster)
        await asyncio.to_thread(venue.cluster.wait_until_whole)
        back, had = time.monotonic(), len(course.accepted_at)
        while len(course.accepted_at) < had + 50:
            assert time.monotonic() < back + 30, "trading does not go on"
            await asyncio.sleep(0.05)
        course.over = True
        await asyncio.gather(*clients)
    return course


async def kill_leader(cluster: Cluster) -> None:
    leader = cluster.leader()
    await asyncio.to_thread(cluster.kill, leader)
    await asyncio.to_thread(cluster.wait_for_leader)
    await asyncio.sleep(1)
    await asyncio.to_thread(cluster.start, leader)


async def freeze_leader(cluster: Cluster) -> None:
    leader = cluster.leader()
    cluster.freeze(leader)
    await asyncio.sleep(9)
    cluster.thaw(leader)


async def restart_all(cluster: Cluster) -> None:
    """Restart one after the other, the leader last, as an upgrade does it."""
    for member in [*cluster.followers(), cluster.leader()]:
        await asyncio.to_thread(cluster.stop, member)
        await asyncio.to_thread(cluster.wait_for_leader)
        await asyncio.sleep(0.5)
        await asyncio.to_thread(cluster.start, member)
        await asyncio.sleep(0.5)


def check(venue: Venue, course: Course) -> None:
    """Check the log against what traders were told, and the rows that were made live against a rebuild."""
    assert venue.server.stop() == 0
    check_log(venue.folder, course.told)
    live = rows_when_all_is_seen(venue.folder)
    assert presage_here("rebuild", "--all", "--data", venue.folder).status == 0
    assert rows_of(venue.folder) == live


@pytest.mark.parametrize(
    ("outage", "pause_s"),
    [(kill_leader, 3.0), (freeze_leader, 10.0), (restart_all, 2.0)],
    ids=["killed", "frozen", "restarted"],
)
def test_trading_goes_on_when_the_leader_is_another(
    venue: Venue,
    outage: Callable[[Cluster], Awaitable[None]],
    pause_s: float,
    record_property: Callable[[str, object], None],
    capfd: pytest.CaptureFixture[str],
) -> None:
    began = time.monotonic()
    course = asyncio.run(trade_through(venue, outage))
    longest_s = course.longest_pause_s(began + 1)
    record_property("longest pause s", round(longest_s, 2))
    record_property("orders acknowledged", len(course.told.acknowledged))
    record_property("refusals", {code: course.refused.count(code) for code in set(course.refused)})
    check(venue, course)
    assert longest_s < pause_s + SLACK_S
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.more
@pytest.mark.parametrize("seed", SEEDS)
def test_after_any_sequence_of_faults_nothing_is_missing_and_nothing_there_twice(
    tmp_path: Path, seed: int
) -> None:
    choose = random.Random(seed)

    async def misfortunes(cluster: Cluster) -> None:
        until = time.monotonic() + RANDOM_S
        while time.monotonic() < until:
            fault = choose.choice(("kill", "freeze", "stop", "lose quorum"))
            member = choose.choice(cluster.up())
            print(f"seed {seed}: {fault} {member}")  # noqa: T201 (it tells how to do it again)
            if fault == "lose quorum":
                await asyncio.to_thread(cluster.lose_quorum)
                await asyncio.sleep(choose.uniform(0.5, 4))
            else:
                await asyncio.to_thread(getattr(cluster, fault), member)
                await asyncio.sleep(choose.uniform(0.5, 7))
            if choose.random() < 0.5:
                cluster.next_leader = choose.randrange(3)
            await asyncio.to_thread(mend, cluster)
            await asyncio.sleep(choose.uniform(0, 2))

    with open_venue(tmp_path) as venue:
        course = asyncio.run(trade_through(venue, misfortunes, seed))
        check(venue, course)


def mend(cluster: Cluster) -> None:
    """Have all members up again."""
    for member in cluster.down():
        cluster.start(member)
    for member in cluster.frozen():
        cluster.thaw(member)
    cluster.wait_until_whole()
