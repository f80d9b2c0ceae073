"""Two APIs, two engines and two projectors are one exchange, whatever becomes of each of them."""

import os
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from typing import Any, Self

import httpx
import pytest

from adapters.data_folder import DataFolder
from presage.signing import Signer
from tests.acceptance.cluster_of_engines import Cluster, Role, everyone, running_cluster, signed
from tests.acceptance.presage_process import presage
from tests.acceptance.trading_load import ORDERS, Told, check_log, furnish, next_order

pytestmark = pytest.mark.more

SOAK = bool(os.environ.get("PRESAGE_SOAK"))
LOAD_S = 300.0 if SOAK else 40.0
"""For how long processes are killed under load."""

FROZEN_S = 30.0 if SOAK else 5.0

AGAIN_S = 10.0
"""Within how long an engine that was killed trades again, on a machine that has nothing else to do."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def traders(cluster: Cluster) -> dict[str, Signer]:
    return furnish(cluster.operator)


TOO_SLOW = {"stale_timestamp", "too_late"}
"""What is told on a crowded machine, where a signature may hold for less time than its request takes."""

_begun = count()


def told_anew() -> Told:
    """Return what nobody was told yet; orders have names that no other test gives."""
    return Told(sent=1_000_000 * next(_begun))


class Load:
    """Traders who order at either API, and repeat what they were told to repeat."""

    def __init__(self, cluster: Cluster, traders: dict[str, Signer]) -> None:
        self.told = told_anew()
        self.failures: list[str] = []
        self._cluster = cluster
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._trade, args=(number, signer))
            for number, signer in enumerate(traders.values())
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _trade(self, number: int, signer: Signer) -> None:
        choose = random.Random(number)
        while not self._over.is_set():
            with self._lock:
                order = next_order(signer, choose, self.told)
            self._until_known(signer, choose, order)

    def _until_known(self, signer: Signer, choose: random.Random, order: dict[str, Any]) -> None:
        """Send an order, under the same name, until somebody says what became of it."""
        until = time.monotonic() + 120
        while time.monotonic() < until:
            try:
                answer = signed(choose.choice(self._cluster.apis).url, signer, "POST", ORDERS, order)
            except httpx.HTTPError:
                time.sleep(0.1)
                continue
            if answer.status_code in (425, 503):
                assert "retry-after" in answer.headers
                time.sleep(0.1)
            elif answer.status_code == 201:
                with self._lock:
                    placed = answer.json()["order"]
                    self.told.acknowledged[placed["order_id"]] = {**order, "initial_count": order["count"]}
                return
            elif answer.json()["error"]["code"] not in TOO_SLOW:
                self.failures.append(answer.text)
                return
        self.failures.append(f"no end: {order}")


def test_whatever_is_killed_or_frozen_under_load_no_acknowledged_order_is_lost(
    cluster: Cluster, traders: dict[str, Signer]
) -> None:
    choose = random.Random(7)
    with Load(cluster, traders) as load:
        until, wiped = time.monotonic() + LOAD_S, False
        while time.monotonic() < until:
            time.sleep(choose.uniform(0.5, 3))
            role = choose.choice(everyone(cluster))
            if choose.random() < 0.3:
                role.freeze(FROZEN_S)
            else:
                role.kill()
                time.sleep(choose.uniform(0, 2))
                role.start()
            if not wiped:
                cluster.redis.wipe()
                wiped = True
        for api in cluster.apis:
            cluster.wait_ready(api, 60)
    assert load.failures == []
    assert len(load.told.acknowledged) > 20
    check_log(cluster.operator, load.told)


def test_an_engine_that_was_killed_trades_again_soon(cluster: Cluster, traders: dict[str, Signer]) -> None:
    told, choose = told_anew(), random.Random(8)
    for engine in cluster.engines:
        engine.kill()
        began = time.monotonic()
        engine.begin()
        for signer in traders.values():
            order = next_order(signer, choose, told)
            while signed(cluster.apis[0].url, signer, "POST", ORDERS, order).status_code != 201:
                time.sleep(0.05)
        engine.wait()
        assert time.monotonic() - began < AGAIN_S * max(1.0, os.getloadavg()[0] / 2)


def test_every_process_is_restarted_one_after_the_other_and_no_request_fails(
    cluster: Cluster, traders: dict[str, Signer]
) -> None:
    with Load(cluster, traders) as load:
        for role in everyone(cluster):
            assert role.stop() == 0
            role.start()
        for api in cluster.apis:
            cluster.wait_ready(api, 60)
    assert load.failures == []
    check_log(cluster.operator, load.told)


def test_what_belongs_to_a_dead_engine_is_told_to_wait_and_the_rest_goes_on(
    cluster: Cluster, traders: dict[str, Signer]
) -> None:
    told, choose = told_anew(), random.Random(9)
    cluster.engines[0].kill()
    wait_until(lambda: not engine_of(cluster, "E1")["running"])
    answers = [
        signed(cluster.apis[0].url, signer, "POST", ORDERS, next_order(signer, choose, told))
        for signer in traders.values()
        for _ in range(4)
    ]
    cluster.engines[0].start()
    assert {answer.status_code for answer in answers} <= {201, 503}
    refused = [answer for answer in answers if answer.status_code == 503]
    assert refused
    assert {answer.json()["error"]["code"] for answer in refused} <= {"engine_away", "outcome_unknown"}
    assert all("retry-after" in answer.headers for answer in refused)
    book = httpx.get(f"{cluster.apis[0].url}/trade-api/v2/markets/RAIN/orderbook")
    assert book.status_code == 200


def test_one_order_sent_to_two_apis_at_once_is_one_order(
    cluster: Cluster, traders: dict[str, Signer]
) -> None:
    for api in cluster.apis:
        cluster.wait_ready(api)
    signer = traders["alice"]
    for number in range(10):
        order = {
            "ticker": "RAIN", "side": "yes", "action": "buy", "count": 1, "yes_price": 3,
            "client_order_id": f"twice-{number}",
        }  # fmt: skip
        with ThreadPoolExecutor() as pool:
            send = partial(signed, signer=signer, method="POST", path=ORDERS, body=order)
            answers = list(pool.map(send, [api.url for api in cluster.apis]))
        assert [answer.status_code for answer in answers] == [201, 201]
        assert len({answer.json()["order"]["order_id"] for answer in answers}) == 1


def test_an_engine_that_comes_takes_its_share_and_gives_it_back(
    cluster: Cluster, traders: dict[str, Signer]
) -> None:
    before = cluster.status()
    with Load(cluster, traders) as load:
        third = cluster.more("E3")
        third.start()
        wait_until(lambda: not any(each["handing_over"] for each in cluster.status()["engines"]))
        with_it = cluster.status()
        assert [each["engine"] for each in with_it["engines"]] == ["E1", "E2", "E3"]
        time.sleep(1)
        removed = presage("cluster", "remove", "E3", "--data", cluster.operator, "--json")
        assert removed.status == 0, removed.stdout
        assert third.process is not None
        assert third.process.wait(60) == 0
        assert third.process.stdout is not None
        third.process.stdout.close()
        third.process = None
    owned = [(each["engine"], each["markets"], each["partitions"]) for each in cluster.status()["engines"]]
    assert owned == [(each["engine"], each["markets"], each["partitions"]) for each in before["engines"]]
    assert load.failures == []
    check_log(cluster.operator, load.told)
    assert_refused(cluster.more("E3"), "engine_removed")


def test_a_key_counts_at_once_at_the_api_that_was_asked_for_it_and_so_does_its_end(
    cluster: Cluster, traders: dict[str, Signer]
) -> None:
    url, fills = cluster.apis[0].url, "/trade-api/v2/portfolio/fills"
    operator = DataFolder(cluster.operator).operator()
    assert operator is not None
    acting = Signer(operator.key_id, operator.read())
    for number in range(5):
        keys = "/admin/v1/accounts/alice/api_keys/generate"
        made = signed(url, acting, "POST", keys, {"name": f"at once {number}"}).json()
        key = Signer(made["api_key_id"], made["private_key"].encode())
        assert signed(url, key, "GET", fills).status_code == 200
        ended = f"/trade-api/v2/api_keys/{made['api_key_id']}"
        assert signed(url, traders["alice"], "DELETE", ended).status_code == 204
        assert signed(url, key, "GET", fills).status_code == 401


def test_a_second_engine_of_a_name_is_refused(cluster: Cluster) -> None:
    impostor = Role(cluster.folder / "impostor", "engine", "--name", "E1")
    assert_refused(impostor, "engine_name_taken")


def assert_refused(role: Role, code: str) -> None:
    role.begin()
    assert role.process is not None
    said, _ = role.process.communicate(timeout=90)
    assert f'"{code}"' in said


def engine_of(cluster: Cluster, name: str) -> dict[str, Any]:
    [engine] = [each for each in cluster.status()["engines"] if each["engine"] == name]
    return dict(engine)


def wait_until(holds: Any, within_s: float = 60.0) -> None:
    until = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.1)
