"""People who log in: the cookie, what it opens and to whom, and how it ends."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.bootstrap import open_presage
from adapters.http.callers.sessions import PER_ACCOUNT
from adapters.http.operations import Access
from adapters.settings import Settings
from domain.identifiers import AccountId
from tests.integration.http.test_who_may_do_what import PRIVATE, name, path_of
from tests.integration.http.world import ADMIN, BASE, ORDERS, Person, World, error
from tests.redis_server import running_redis

PASSWORD = "correct horse battery"
HOME = "https://trade.example"
PAGE = {"Origin": HOME, "Sec-Fetch-Site": "same-site", "X-Presage-Session": "1"}
ELSEWHERE = "https://evil.example"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    settings = Settings(data=tmp_path, event_store="memory", sign_up=True, origins=HOME)
    async with open_presage(settings) as presage:
        await presage.exchange.start()
        transport = httpx.ASGITransport(app=presage.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="https://presage") as client:
            yield World(presage, client)


async def post(world: World, path: str, body: Any = None, **headers: str) -> httpx.Response:
    world.client.cookies.clear()
    return await world.send(None, "POST", f"{BASE}{path}", body=body, headers=headers)


def cookie_of(answer: httpx.Response) -> str:
    [sent] = answer.headers.get_list("set-cookie")
    return str(sent.partition(";")[0])


async def sign_up(world: World, account: str = "ann", password: str = PASSWORD) -> str:
    answer = await post(world, "/accounts", {"account_id": account, "password": password})
    assert answer.status_code == 201, answer.text
    return cookie_of(answer)


async def log_in(
    world: World, account: str = "ann", password: str = PASSWORD, **headers: str
) -> httpx.Response:
    return await post(world, "/login", {"account_id": account, "password": password}, **headers)


async def ask(
    world: World, cookie: str, method: str, path: str, body: Any = None, **headers: str
) -> httpx.Response:
    world.client.cookies.clear()
    return await world.send(None, method, path, body=body, headers=PAGE | {"Cookie": cookie} | headers)


async def is_open(world: World, cookie: str) -> bool:
    answer = await ask(world, cookie, "GET", f"{BASE}/portfolio/balance")
    if answer.status_code != 200:
        assert error(answer) == (401, "session_over")
    return answer.status_code == 200


async def test_whoever_signs_up_trades_with_the_cookie_alone(
    world: World, operator: Person, market: str
) -> None:
    cookie = await sign_up(world)
    paid = await world.send(
        operator, "POST", f"{ADMIN}/accounts/ann/deposits", body={"amount_dollars": "50", "reference": "x"}
    )
    assert paid.status_code == 201, paid.text
    order = {"ticker": market, "side": "yes", "action": "buy", "count": 10, "yes_price": 42}
    placed = await ask(world, cookie, "POST", ORDERS, order)
    assert placed.status_code == 201, placed.text
    listed = (await ask(world, cookie, "GET", ORDERS)).json()["orders"]
    assert [each["order_id"] for each in listed] == [placed.json()["order"]["order_id"]]
    canceled = await ask(world, cookie, "DELETE", f"{ORDERS}/{listed[0]['order_id']}")
    assert canceled.status_code == 200
    assert (await ask(world, cookie, "GET", f"{BASE}/portfolio/balance")).json()[
        "balance_dollars"
    ] == "50.0000"


async def test_the_cookie_stays_with_the_browser_and_this_origin(world: World) -> None:
    answer = await post(world, "/accounts", {"account_id": "ann", "password": PASSWORD})
    [cookie] = answer.headers.get_list("set-cookie")
    named, *rest = cookie.split("; ")
    assert named.startswith("__Host-presage=")
    assert len(named) > 50
    assert rest == ["Path=/", "Secure", "HttpOnly", "SameSite=Strict", "Max-Age=43200"]
    assert answer.headers["cache-control"] == "no-store"
    assert named.partition("=")[2] not in answer.text


async def test_over_plain_http_on_this_machine_the_cookie_has_the_other_name(world: World) -> None:
    await sign_up(world)
    headers = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}
    [cookie] = (await log_in(world, **headers)).headers.get_list("set-cookie")
    assert cookie.startswith("presage=")
    assert "Secure" not in cookie
    plain = cookie.partition(";")[0]
    path = f"{BASE}/portfolio/balance"
    assert (await ask(world, plain, "GET", path, Host="localhost:8000")).status_code == 200
    # Elsewhere it may have been planted: there it counts for nothing.
    assert error(await ask(world, plain, "GET", path)) == (401, "not_authenticated")
    assert error(await ask(world, plain, "GET", path, Host="localhost.evil.example")) == (
        401,
        "not_authenticated",
    )


async def test_each_login_is_a_new_session_and_ends_the_one_it_came_with(world: World) -> None:
    first = await sign_up(world)
    second = cookie_of(await log_in(world, Cookie=first))
    third = cookie_of(await log_in(world))
    assert len({first, second, third}) == 3
    assert [await is_open(world, each) for each in (first, second, third)] == [False, True, True]


async def test_an_id_made_up_by_somebody_else_is_never_taken_over(world: World) -> None:
    await sign_up(world)
    planted = "__Host-presage=planted"
    assert cookie_of(await log_in(world, Cookie=planted)) != planted
    assert not await is_open(world, planted)


async def test_who_logs_out_is_out(world: World) -> None:
    cookie = await sign_up(world)
    answer = await ask(world, cookie, "POST", f"{BASE}/logout")
    assert answer.status_code == 204
    assert all("Max-Age=0" in each for each in answer.headers.get_list("set-cookie"))
    assert not await is_open(world, cookie)


async def test_owners_see_and_end_their_sessions_and_nobody_elses(world: World) -> None:
    cookie = await sign_up(world)
    other = cookie_of(await log_in(world, **{"User-Agent": "the other browser"}))
    bobs = await sign_up(world, "bob")
    sessions = (await ask(world, cookie, "GET", f"{BASE}/sessions")).json()["sessions"]
    assert [each["current"] for each in sessions] == [True, False]
    assert sessions[1]["agent"] == "the other browser"
    assert other.partition("=")[2] not in str(sessions)
    named = f"{BASE}/sessions/{sessions[1]['session']}"
    assert error(await ask(world, bobs, "DELETE", named)) == (404, "not_found")
    assert await is_open(world, other)
    assert (await ask(world, cookie, "DELETE", named)).status_code == 204
    assert not await is_open(world, other)
    more = cookie_of(await log_in(world))
    assert (await ask(world, cookie, "DELETE", f"{BASE}/sessions")).json() == {"ended": 1}
    assert [await is_open(world, each) for each in (cookie, more, bobs)] == [True, False, True]


async def test_a_changed_password_ends_the_other_sessions_and_rotates_this_one(world: World) -> None:
    cookie = await sign_up(world)
    other = cookie_of(await log_in(world))
    path, new = f"{BASE}/account/password", "another password"
    wrong = await ask(world, cookie, "POST", path, {"current_password": "no", "new_password": new})
    assert error(wrong) == (401, "wrong_password")
    assert error(await ask(world, cookie, "POST", path, {"new_password": new})) == (401, "wrong_password")
    changed = await ask(world, cookie, "POST", path, {"current_password": PASSWORD, "new_password": new})
    assert changed.status_code == 200, changed.text
    rotated = cookie_of(changed)
    assert [await is_open(world, each) for each in (cookie, other, rotated)] == [False, False, True]
    assert error(await log_in(world)) == (401, "wrong_password")
    assert (await log_in(world, password=new)).status_code == 200


async def test_holders_of_keys_and_operators_give_accounts_passwords(world: World, operator: Person) -> None:
    ann = await world.person("ann")
    path = f"{BASE}/account/password"
    set_first = await world.send(ann, "POST", path, body={"new_password": PASSWORD})
    assert set_first.status_code == 200, set_first.text
    cookie = cookie_of(await log_in(world))
    new = "what the operator chose"
    changed = await world.send(operator, "POST", f"{ADMIN}/accounts/ann/password", body={"new_password": new})
    assert changed.status_code == 200, changed.text
    assert not await is_open(world, cookie)
    assert (await log_in(world, password=new)).status_code == 200


async def test_a_session_opens_what_its_account_may_do_and_nothing_of_operators(world: World) -> None:
    cookie = await sign_up(world)
    for operation in PRIVATE:
        if operation.path.endswith(("/logout", "/account/password")):
            continue
        answer = await ask(world, cookie, operation.method, path_of(operation), {})
        closed = operation.access is Access.ADMIN
        assert (answer.status_code == 403) == closed, (name(operation), answer.text)
        assert answer.status_code != 401, (name(operation), answer.text)
        if closed:
            assert error(answer) == (403, "forbidden")


async def test_a_session_that_is_over_opens_nothing(world: World) -> None:
    for operation in PRIVATE:
        answer = await ask(world, "__Host-presage=over", operation.method, path_of(operation), {})
        assert error(answer) == (401, "session_over"), name(operation)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": ELSEWHERE, "Sec-Fetch-Site": "cross-site", "X-Presage-Session": "1"},
        {"Origin": f"{HOME}.evil.example", "Sec-Fetch-Site": "cross-site", "X-Presage-Session": "1"},
        {"Origin": "https://sub.trade.example", "Sec-Fetch-Site": "same-site", "X-Presage-Session": "1"},
        {"Origin": "null", "X-Presage-Session": "1"},
        {"Sec-Fetch-Site": "none", "X-Presage-Session": "1"},
        {"X-Presage-Session": "1"},
        {"Origin": HOME},
        {"Sec-Fetch-Site": "same-origin", "X-Presage-Session": "yes"},
    ],
)
async def test_nothing_is_changed_by_pages_of_others(world: World, headers: dict[str, str]) -> None:
    cookie = await sign_up(world)
    for operation in PRIVATE:
        if operation.method == "GET":
            continue
        world.client.cookies.clear()
        answer = await world.send(
            None, operation.method, path_of(operation), body={}, headers=headers | {"Cookie": cookie}
        )
        assert error(answer) == (403, "foreign_origin"), name(operation)
    assert await is_open(world, cookie)


async def test_pages_of_this_origin_and_of_those_allowed_by_name_may(world: World) -> None:
    cookie = await sign_up(world)
    own = {"Origin": "https://presage", "Sec-Fetch-Site": "same-origin"}
    assert (await ask(world, cookie, "DELETE", f"{BASE}/sessions", **own)).status_code == 200
    assert (await ask(world, cookie, "DELETE", f"{BASE}/sessions")).status_code == 200
    assert error(await log_in(world, Origin=ELSEWHERE)) == (403, "foreign_origin")


async def test_answers_are_readable_for_pages_of_origins_allowed_by_name_only(world: World) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-presage-session"}
    preflight = await world.client.options(f"{ORDERS}", headers=asked | {"Origin": HOME})
    assert preflight.headers["access-control-allow-origin"] == HOME
    assert preflight.headers["access-control-allow-credentials"] == "true"
    for origin in (ELSEWHERE, f"{HOME}.evil.example", "http://trade.example", "null"):
        refused = await world.client.options(f"{ORDERS}", headers=asked | {"Origin": origin})
        assert "access-control-allow-origin" not in refused.headers, origin
        told = await world.client.get(f"{BASE}/markets", headers={"Origin": origin})
        assert "access-control-allow-origin" not in told.headers, origin


async def test_pages_of_origins_allowed_by_name_can_read_why_they_were_refused(world: World) -> None:
    attack = f"{BASE}/search/markets?text=%27%20or%20%271%27=%271"
    for origin, readable in ((HOME, HOME), (ELSEWHERE, None)):
        refused = await world.client.get(attack, headers={"Origin": origin})
        assert error(refused) == (403, "request_blocked")
        assert refused.headers.get("access-control-allow-origin") == readable


async def test_a_signature_counts_before_a_cookie(world: World) -> None:
    cookie = await sign_up(world, "bob")
    ann = await world.person("ann")
    world.client.cookies.clear()
    made = await world.send(
        ann,
        "POST",
        f"{BASE}/portfolio/order_groups/create",
        body={"contracts_limit": 1},
        headers={"Cookie": cookie},
    )
    assert made.status_code == 201, made.text
    groups = await ask(world, cookie, "GET", f"{BASE}/portfolio/order_groups")
    assert groups.json()["order_groups"] == []


async def test_a_name_that_is_somebodys_cannot_be_opened(world: World, operator: Person) -> None:
    await world.person("cy")
    await world.send(
        operator, "POST", f"{ADMIN}/accounts/rich/deposits", body={"amount_dollars": "5", "reference": "x"}
    )
    await sign_up(world, "ann")
    for taken in ("ann", "cy", "rich", "operator"):
        answer = await post(world, "/accounts", {"account_id": taken, "password": PASSWORD})
        assert error(answer) == (409, "account_exists"), taken
        assert "set-cookie" not in answer.headers


async def test_accounts_are_opened_by_the_operator_unless_it_is_said_otherwise(tmp_path: Path) -> None:
    async with open_presage(Settings(data=tmp_path, event_store="memory")) as presage:
        await presage.exchange.start()
        transport = httpx.ASGITransport(app=presage.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="https://presage") as client:
            answer = await post(
                World(presage, client), "/accounts", {"account_id": "a", "password": PASSWORD}
            )
    assert error(answer) == (403, "sign_up_closed")


@pytest.mark.parametrize(
    "body",
    [
        {"account_id": "ann"},
        {"account_id": "ann", "password": "short"},
        {"account_id": "ann", "password": "x" * 201},
        {"account_id": "", "password": PASSWORD},
        {"account_id": "a\nb", "password": PASSWORD},
        {"account_id": "ann", "password": PASSWORD, "scopes": ["admin"]},
        {"account_id": "ann", "password": None},
    ],
)
async def test_what_is_no_account_and_password_is_refused(world: World, body: Any) -> None:
    answer = await post(world, "/accounts", body)
    assert answer.status_code == 400, answer.text
    error(answer)
    assert error(await log_in(world)) == (401, "wrong_password")


async def test_too_many_tries_have_to_wait_longer_and_longer(world: World) -> None:
    await sign_up(world)
    for _ in range(PER_ACCOUNT):
        assert error(await log_in(world, password="wrong")) == (401, "wrong_password")
    refused = await log_in(world)
    assert error(refused) == (429, "too_many_logins")
    assert int(refused.headers["retry-after"]) >= 1
    assert (await log_in(world, "nobody", "wrong")).status_code == 401, "others are not kept"


async def test_who_tries_the_present_password_in_a_session_is_counted_too(world: World) -> None:
    cookie = await sign_up(world)
    tries = [
        await ask(
            world, cookie, "POST", f"{BASE}/account/password",
            {"current_password": f"wrong{n}", "new_password": PASSWORD},
        )
        for n in range(PER_ACCOUNT + 1)
    ]  # fmt: skip
    assert [error(each)[1] for each in tries] == ["wrong_password"] * PER_ACCOUNT + ["too_many_logins"]


async def test_the_hash_is_in_the_log_and_the_password_nowhere(world: World) -> None:
    await sign_up(world)
    known = await world.presage.exchange.directory.identity(AccountId("ann")).state()
    assert known.passwords[AccountId("ann")].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    stored = [
        event.data + event.metadata async for page in world.presage.store.read_all() for event in page.events
    ]
    assert not [each for each in stored if PASSWORD.encode() in each]


async def test_any_server_serves_any_user_and_redis_away_stops_sessions_alone(tmp_path: Path) -> None:
    with running_redis() as redis:
        settings = Settings(data=tmp_path, event_store="memory", sign_up=True, redis_url=redis.url)
        async with open_presage(settings) as presage:
            await presage.exchange.start()
            transport = httpx.ASGITransport(app=presage.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="https://presage") as client:
                world = World(presage, client)
                cookie = await sign_up(world)
                assert await is_open(world, cookie)
                redis.wipe()
                assert not await is_open(world, cookie)
                again = cookie_of(await log_in(world))
                assert await is_open(world, again)
                ann = await world.person("cy")
                redis.process.kill()
                redis.process.wait()
                away = await ask(world, again, "GET", f"{BASE}/portfolio/balance")
                assert error(away) == (503, "sessions_unavailable")
                assert error(await log_in(world)) == (503, "sessions_unavailable")
                signed = await world.send(ann, "GET", f"{BASE}/portfolio/balance")
                assert signed.status_code == 200


async def test_many_logins_at_once_keep_nobody_else_waiting(world: World) -> None:
    await sign_up(world)
    logins = [asyncio.create_task(log_in(world, f"user{n}")) for n in range(30)]
    await asyncio.sleep(0)
    status = await world.client.get(f"{BASE}/exchange/status")
    assert status.status_code == 200
    assert not all(each.done() for each in logins), "hashing goes on beside"
    assert {each.status_code for each in await asyncio.gather(*logins)} == {401}


async def test_half_a_character_in_a_password_is_refused_like_any_other_nonsense(world: World) -> None:
    sent = b'{"account_id": "ann", "password": "\\ud800 and so on and on"}'
    for path in ("/accounts", "/login"):
        answer = await world.send(None, "POST", f"{BASE}{path}", content=sent)
        assert answer.status_code == 400, answer.text
        error(answer)
