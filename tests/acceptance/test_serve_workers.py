"""``presage serve --workers``: one engine, several processes that answer HTTP, seen from outside."""

import asyncio
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.acceptance.presage_process import Server, presage_here, running_server
from tests.unit.http.keys import signed_headers

BASE = "/trade-api/v2"
ORDERS = f"{BASE}/portfolio/orders"
MARKET = f"{BASE}/markets/MOON-28"
FEED = "/trade-api/ws/v2"
PATIENCE_S = 60

LIMITS = "address = {per_s = 1, burst = 20, strikes = 5, box_s = 600, box_longest_s = 600}"
"""Of addresses other than those of the machine itself."""


def until(holds: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


class Trader:
    """The account of the demonstration, on connections of its own."""

    def __init__(self, server: Server) -> None:
        key = server.ready["demo_key"]
        self._key_id, self._pem = key["key_id"], Path(key["private_key_path"]).read_text()
        self._url = server.url

    def headers(self, method: str, path: str) -> dict[str, str]:
        return signed_headers(self._key_id, self._pem, method, path)

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send a request on a connection of its own, which leads to any of the processes."""
        return httpx.request(
            method, f"{self._url}{path}", headers=self.headers(method, path), timeout=PATIENCE_S, **more
        )

    def place(self, **more: Any) -> httpx.Response:
        order = {"ticker": "MOON-28", "side": "yes", "action": "buy", "count": 1, "yes_price": 2}
        return self.send("POST", ORDERS, json=order | more)


def children(server: Server) -> dict[str, psutil.Process]:
    """Return the processes of a server by what they do."""
    found = {}
    for each in psutil.Process(server.process.pid).children():
        try:
            line = each.cmdline()
        except psutil.Error:  # it has ended
            continue
        if "adapters.cli.serve_part" in line:
            role = line[line.index("adapters.cli.serve_part") + 1]
            found[role if role == "engine" else f"http {line[line.index('--number') + 1]}"] = each
    return found


def readiness(server: Server) -> tuple[int, set[str]]:
    answer = httpx.get(f"{server.url}/readyz", timeout=PATIENCE_S)
    return answer.status_code, {each["code"] for each in answer.json()["conditions"]}


def all_well(server: Server) -> bool:
    """Return whether nothing is wrong, once something was read: limits are well when they have counted."""
    read = Trader(server).send("GET", f"{BASE}/portfolio/fills")
    return read.status_code == 200 and readiness(server) == (200, set())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    stated = tmp_path_factory.mktemp("limits") / "limits.toml"
    stated.write_text(LIMITS)
    with (
        pytest.MonkeyPatch.context() as patch,
        ExitStack() as stack,
    ):
        patch.setenv("PRESAGE_RATE_LIMITS", str(stated))
        options = ("--demo", "--workers", "2")
        opened = stack.enter_context(running_server(tmp_path_factory.mktemp("data"), *options))
        patch.undo()
        yield opened
        assert opened.stop() == 0
    assert presage_here("verify", "--data", opened.ready["data"], "--json").json["violations"] == []


def test_who_wrote_sees_it_in_whichever_process(server: Server) -> None:
    trader = Trader(server)
    for number in range(8):
        placed = trader.place(yes_price=1 + number % 3)
        assert placed.status_code == 201, placed.text
        order_id = placed.json()["order"]["order_id"]
        assert trader.send("GET", f"{ORDERS}/{order_id}").json()["order"]["order_id"] == order_id
        listed = trader.send("GET", f"{ORDERS}?status=resting").json()["orders"]
        assert order_id in {each["order_id"] for each in listed}
        ended = trader.send("DELETE", f"{ORDERS}/{order_id}")
        position = ended.headers["X-Presage-Position"]
        seen = httpx.get(f"{server.url}{MARKET}/orderbook", headers={"X-Presage-Min-Position": position})
        assert seen.status_code == 200
        assert int(seen.headers["X-Presage-Position"]) >= int(position)


def test_one_order_sent_to_two_processes_at_once_is_one_order(server: Server) -> None:
    trader = Trader(server)
    order = {"ticker": "MOON-28", "side": "yes", "action": "buy", "count": 1, "yes_price": 1}

    async def send(name: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=server.url, timeout=PATIENCE_S) as client:
            headers = trader.headers("POST", ORDERS)
            return await client.post(ORDERS, json=order | {"client_order_id": name}, headers=headers)

    async def race(name: str) -> list[httpx.Response]:
        return await asyncio.gather(*(send(name) for _ in range(6)))

    for number in range(3):
        answers = asyncio.run(race(f"same-{number}"))
        assert {answer.status_code for answer in answers} == {201}, [answer.text for answer in answers]
        assert len({answer.json()["order"]["order_id"] for answer in answers}) == 1


def test_a_signature_is_used_once_in_all_processes(server: Server) -> None:
    trader = Trader(server)
    headers = trader.headers("POST", ORDERS)
    order = {"ticker": "MOON-28", "side": "yes", "action": "buy", "count": 1, "yes_price": 1}
    codes = [httpx.post(f"{server.url}{ORDERS}", json=order, headers=headers).status_code for _ in range(6)]
    assert codes == [201, 401, 401, 401, 401, 401]


def test_what_an_account_may_read_is_counted_for_all_processes_together(server: Server) -> None:
    trader, left = Trader(server), []
    for _ in range(6):
        told = trader.send("GET", f"{BASE}/portfolio/fills").headers["RateLimit"]
        left.append(int(told.partition("r=")[2].partition(";")[0]))
    # It grows by 500 a second meanwhile, up to 5,000: counted by each alone it would stay full.
    assert max(left) < 5_000


@pytest.mark.skipif(sys.platform != "linux", reason="no other address of this machine is known")
def test_what_an_address_may_send_is_counted_for_all_processes_together(server: Server) -> None:
    begun_s = time.monotonic()
    with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.2"), base_url=server.url) as one:
        answers = [one.get(MARKET, headers={"Connection": "close"}) for _ in range(40)]
    codes = Counter(answer.status_code for answer in answers)
    assert 20 <= codes[200] <= 20 + time.monotonic() - begun_s
    assert codes[429] == 40 - codes[200] > 5
    told = [answer.json()["error"]["message"] for answer in answers if answer.status_code == 429]
    assert sum("refused too often" not in each for each in told) == 5, "all of them know who is in the box"


def test_how_many_feeds_an_account_has_is_counted_for_all_processes_together(server: Server) -> None:
    trader, url = Trader(server), f"{server.url.replace('http', 'ws')}{FEED}"

    def listen() -> Any:
        return connect(url, additional_headers=trader.headers("GET", FEED), open_timeout=PATIENCE_S)

    with ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(listen())
        for _ in range(4):
            with pytest.raises(InvalidStatus) as refused, listen():
                pass
            assert refused.value.response.status_code == 429

    def again() -> bool:
        try:
            with listen():
                return True
        except InvalidStatus:
            return False

    until(again)


def test_a_key_counts_at_once_in_every_process_and_so_does_its_end(server: Server) -> None:
    data = server.ready["data"]
    made = presage_here("keys", "create", "demo", "--data", data, "--json").json
    pem = Path(made["private_key_path"]).read_text()
    fills = f"{BASE}/portfolio/fills"

    def status() -> int:
        headers = signed_headers(made["key_id"], pem, "GET", fills)
        return httpx.get(f"{server.url}{fills}", headers=headers, timeout=PATIENCE_S).status_code

    assert {status() for _ in range(6)} == {200}
    assert presage_here("keys", "revoke", made["key_id"], "--data", data, "--json").status == 0
    assert {status() for _ in range(6)} == {401}


def test_the_metrics_tell_of_all_processes(server: Server) -> None:
    token = (Path(server.ready["data"]) / "metrics.token").read_text().strip()
    before = requests_counted(server, token)
    for _ in range(20):
        httpx.get(f"{server.url}{MARKET}", timeout=PATIENCE_S)
    until(lambda: requests_counted(server, token) >= before + 20)
    text = metrics(server, token)
    assert "presage_http_processes 2.0" in text
    assert 'presage_role_cpu_seconds_total{role="http"}' in text
    assert 'presage_role_cpu_seconds_total{role="engine"}' in text


def metrics(server: Server, token: str) -> str:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{server.url}/metrics", headers=headers, timeout=PATIENCE_S).text


def requests_counted(server: Server, token: str) -> float:
    wanted = 'presage_http_requests_total{route_class="market",status="2xx"} '
    [line] = [line for line in metrics(server, token).splitlines() if line.startswith(wanted)]
    return float(line.removeprefix(wanted))


@pytest.mark.more
def test_while_the_engine_is_away_reads_go_on_orders_may_be_repeated_and_it_comes_back(
    server: Server,
) -> None:
    trader, engine = Trader(server), children(server)["engine"]
    engine.send_signal(signal.SIGSTOP)
    try:
        for _ in range(4):
            assert httpx.get(f"{server.url}{MARKET}", timeout=PATIENCE_S).status_code == 200
            assert trader.send("GET", f"{BASE}/portfolio/fills").status_code == 200
        assert readiness(server) == (503, {"engine_away"})
    finally:
        engine.kill()
    refused = trader.place(client_order_id="again")
    if refused.status_code != 201:  # it may be back already
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        assert refused.json()["code"] in ("engine_away", "outcome_unknown")
    until(lambda: trader.place(client_order_id="again").status_code == 201)
    until(lambda: all_well(server))
    assert children(server)["engine"].pid != engine.pid


def test_an_http_process_that_dies_is_started_again_and_the_others_answer(server: Server) -> None:
    killed = children(server)["http 1"]
    killed.kill()
    # Looked at once a time: what is being killed may be there at one look and gone at the next.
    until(lambda: children(server).get("http 1", killed).pid != killed.pid)
    until(lambda: all_well(server))
    assert Trader(server).place().status_code == 201


@pytest.mark.more
def test_nothing_is_left_behind_when_its_parent_is_killed_and_the_next_one_opens(tmp_path: Path) -> None:
    with running_server(tmp_path, "--workers", "2", "--projector", "beside") as server:
        family = psutil.Process(server.process.pid).children(recursive=True)
        assert len(family) == 4
        server.kill()
        psutil.wait_procs(family, timeout=PATIENCE_S)
        assert not [each for each in family if each.is_running()]
    with running_server(tmp_path, "--workers", "1") as again:
        assert readiness(again) == (200, set())
        assert again.stop() == 0
    assert presage_here("verify", "--data", tmp_path, "--json").json["violations"] == []


@pytest.mark.more
def test_a_second_signal_ends_all_of_them_at_once(tmp_path: Path) -> None:
    with running_server(tmp_path, "--workers", "1", "--demo") as server:
        family = psutil.Process(server.process.pid).children(recursive=True)
        for each in family:
            each.send_signal(signal.SIGSTOP)  # so that nothing ends in order
        server.process.send_signal(signal.SIGTERM)
        assert server.process.stdout is not None
        assert "step" in server.process.stdout.readline(), "two signals at once might count as one"
        status = server.stop(signal.SIGTERM)
    psutil.wait_procs(family, timeout=PATIENCE_S)
    assert (status, [each for each in family if each.is_running()]) == (4, [])


@pytest.mark.more
def test_what_keeps_it_from_opening_is_told_as_ever(tmp_path: Path) -> None:
    with running_server(tmp_path, "--workers", "1"):
        told = presage_here("serve", "--workers", "1", "--port", "0", "--data", tmp_path, "--json")
    assert (told.status, told.json["error"]["code"]) == (1, "unusable_data")
    told = presage_here("serve", "--workers", "65", "--data", tmp_path, "--json")
    assert (told.status, told.json["error"]["code"]) == (1, "invalid_setting")


def test_a_log_in_memory_cannot_be_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "PRESAGE_EVENT_STORE", "memory")
    told = presage_here("serve", "--workers", "1", "--port", "0", "--data", tmp_path, "--json")
    assert json.loads(told.stdout)["error"]["code"] == "invalid_setting"
