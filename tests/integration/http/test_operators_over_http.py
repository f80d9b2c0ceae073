"""Operators run markets, groups and conditions, move money, and hand out keys."""

from adapters.http.callers.signing import read_public_key
from domain.identity.aggregate import Scope
from tests.fair_clock import fair_clock
from tests.integration.http.world import ADMIN, BASE, ORDERS, Person, World, error
from tests.unit.http.keys import key_pair


async def market_of(world: World, ticker: str) -> dict[str, object]:
    document: dict[str, dict[str, object]] = (
        await world.send(None, "GET", f"{BASE}/markets/{ticker}")
    ).json()
    return document["market"]


async def test_a_markets_life_is_told_step_by_step(world: World, operator: Person) -> None:
    await world.market(operator, activate=False)
    steps: list[tuple[str, dict[str, str], tuple[str, str, object]]] = [
        ("activate", {}, ("active", "active", None)),
        ("pause", {"reason": "news"}, ("inactive", "closed", None)),
        ("resume", {}, ("active", "active", None)),
        ("close", {}, ("closed", "closed", None)),
        ("determine", {"result": "yes", "evidence": "the report"}, ("determined", "determined", "yes")),
        ("dispute", {"reason": "the wrong report"}, ("disputed", "determined", "yes")),
        ("determine", {"result": "no"}, ("determined", "determined", "no")),
        ("finalize", {}, ("finalized", "settled", "no")),
    ]
    for step, body, (state, status, result) in steps:
        done = await world.send(operator, "POST", f"{ADMIN}/markets/FED-CUT/{step}", body=body)
        assert done.status_code == 200, (step, done.text)
        assert done.json() == {"position": int(done.headers["X-Presage-Position"])}
        told = await market_of(world, "FED-CUT")
        assert (told["lifecycle_status"], told["status"]) == (state, status), step
        if step != "dispute":
            assert told["lifecycle_result"] == result, step
    again = await world.send(operator, "POST", f"{ADMIN}/markets/FED-CUT/resume")
    assert error(again) == (409, "transition_not_allowed")


async def test_a_void_pays_what_it_says(world: World, operator: Person, ann: Person, bob: Person) -> None:
    await world.market(operator)
    await world.place(ann)
    await world.place(bob, side="no", yes_price=..., no_price=58)
    void = {"yes_price_dollars": "0.25", "reason": "no report"}
    done = await world.send(operator, "POST", f"{ADMIN}/markets/FED-CUT/void", body=void)
    assert done.status_code == 200
    await world.presage.exchange.settled()
    head = {"X-Presage-Min-Position": str(await world.presage.store.head())}
    balance = (await world.send(ann, "GET", f"{BASE}/portfolio/balance", headers=head)).json()
    assert balance["balance"] == 100_000 - 420 + 250
    told = await market_of(world, "FED-CUT")
    assert (told["lifecycle_result"], told["result"], told["settlement_value_dollars"]) == (
        "void",
        "",
        "0.2500",
    )


async def test_a_group_ends_as_a_whole(world: World, operator: Person) -> None:
    await world.send(operator, "POST", f"{ADMIN}/groups", body={"group_id": "RACE", "title": "Who?"})
    for ticker in ("A", "B"):
        await world.market(operator, ticker, group_id="RACE")
    alone = await world.send(operator, "POST", f"{ADMIN}/markets/A/resolve", body={"result": "yes"})
    assert error(alone) == (422, "group_resolves_its_markets")
    done = await world.send(operator, "POST", f"{ADMIN}/groups/RACE/resolve", body={"winner_ticker": "B"})
    assert done.status_code == 200, done.text
    await world.presage.exchange.settled()
    await world.presage.reads.freshness.await_position(await world.presage.store.head(), 5)
    assert [(await market_of(world, ticker))["result"] for ticker in ("A", "B")] == ["no", "yes"]
    assert error(await world.send(operator, "POST", f"{ADMIN}/groups/RACE/void"))[0] == 409


async def test_a_conditional_market_is_called_off_and_refunded(
    world: World, operator: Person, ann: Person, bob: Person
) -> None:
    await world.market(operator, "PARENT")
    condition = {"parent_ticker": "PARENT", "required_result": "yes"}
    await world.market(operator, "CHILD", condition=condition)
    assert (await market_of(world, "CHILD"))["condition"] == {
        "status": "pending",
        "parent_ticker": "PARENT",
        "required_result": "yes",
    }
    await world.market(operator, "LATER", activate=False)
    linked = await world.send(
        operator,
        "POST",
        f"{ADMIN}/markets/LATER/link",
        body={"parent_ticker": "CHILD", "required_result": "no"},
    )
    assert linked.status_code == 200
    circle = await world.send(
        operator,
        "POST",
        f"{ADMIN}/markets/PARENT/link",
        body={"parent_ticker": "LATER", "required_result": "no"},
    )
    assert error(circle) == (422, "condition_cycle")

    await world.place(ann, ticker="CHILD")
    await world.place(bob, ticker="CHILD", side="no", yes_price=..., no_price=58)
    await world.send(operator, "POST", f"{ADMIN}/markets/PARENT/resolve", body={"result": "no"})
    await world.presage.exchange.settled()
    head = {"X-Presage-Min-Position": str(await world.presage.store.head())}
    for person in (ann, bob):
        balance = (await world.send(person, "GET", f"{BASE}/portfolio/balance", headers=head)).json()
        assert (balance["balance"], balance["reserved_microdollars"]) == (100_000, 0)
        settled = (await world.send(person, "GET", f"{BASE}/portfolio/settlements")).json()["settlements"]
        assert [(s["market_result"], s["unwound"]) for s in settled] == [("void", True)]
    assert (await market_of(world, "LATER"))["lifecycle_result"] == "void"


async def test_rules_and_tick_size_can_change(world: World, operator: Person, ann: Person) -> None:
    await world.market(operator)
    rules = await world.send(operator, "PUT", f"{ADMIN}/markets/FED-CUT/rules", body={"rules": "New."})
    assert rules.status_code == 200
    tick = {"tick_size_dollars": "0.001"}
    changed = await world.send(operator, "PUT", f"{ADMIN}/markets/FED-CUT/tick_size", body=tick)
    assert changed.status_code == 200
    told = await market_of(world, "FED-CUT")
    assert (told["rules_primary"], told["rules_version"]) == ("New.", 2)
    assert (told["tick_size_dollars"], told["price_level_structure"]) == ("0.0010", "deci_cent")
    assert (await world.place(ann, yes_price=..., yes_price_dollars="0.4250")).status_code == 201


async def test_money_comes_in_and_goes_out_once_per_reference(world: World, operator: Person) -> None:
    carol = await world.person("carol")
    account = f"{ADMIN}/accounts/carol"
    deposit = {"amount_dollars": "100.5", "reference": "wire-1"}
    for _ in range(2):
        done = await world.send(operator, "POST", f"{account}/deposits", body=deposit)
        assert done.status_code == 201, done.text
    out = {"amount_dollars": "0.500001", "reference": "wire-2"}
    assert (await world.send(operator, "POST", f"{account}/withdrawals", body=out)).status_code == 201
    balance = (await world.send(carol, "GET", f"{BASE}/portfolio/balance")).json()
    assert balance["cash_microdollars"] == 99_999_999
    assert (balance["balance"], balance["balance_dollars"]) == (9_999, "100.0000")
    other = deposit | {"amount_dollars": "7"}
    assert error(await world.send(operator, "POST", f"{account}/deposits", body=other)) == (
        409,
        "duplicate_request",
    )
    much = {"amount_dollars": "1000", "reference": "wire-3"}
    assert error(await world.send(operator, "POST", f"{account}/withdrawals", body=much)) == (
        422,
        "insufficient_funds",
    )


async def test_the_house_takes_out_the_fees_it_earned(
    world: World, operator: Person, ann: Person, bob: Person
) -> None:
    await world.market(operator, fees={"taker": {"quadratic_bps": 700}})
    await world.place(ann)
    taken = await world.place(bob, side="no", yes_price=..., no_price=58)
    assert taken.json()["order"]["taker_fees"] == 18
    await world.send(operator, "POST", f"{ADMIN}/markets/FED-CUT/resolve", body={"result": "no"})
    await world.presage.exchange.settled()
    path = f"{ADMIN}/fees/withdrawals"
    much = {"amount_dollars": "0.19", "reference": "q1"}
    assert error(await world.send(operator, "POST", path, body=much)) == (422, "insufficient_funds")
    fees = {"amount_dollars": "0.18", "reference": "q2"}
    assert (await world.send(operator, "POST", path, body=fees)).status_code == 201


async def test_an_operator_gives_an_account_a_key(world: World, operator: Person) -> None:
    path = f"{ADMIN}/accounts/dave/api_keys/generate"
    made = await world.send(operator, "POST", path, body={"name": "first", "scopes": ["read"]})
    assert made.status_code == 201, made.text
    key_id, private = made.json()["api_key_id"], made.json()["private_key"]
    dave = Person(account_id=operator.account_id, key_id=key_id, private_pem=private)
    listed = (await world.send(dave, "GET", f"{BASE}/api_keys")).json()["api_keys"]
    assert listed == [{"api_key_id": key_id, "name": "first", "scopes": ["read"], "strict": False}]
    money = {"amount_dollars": "1", "reference": "r"}
    impossible = await world.send(operator, "POST", f"{ADMIN}/accounts/a:b/deposits", body=money)
    assert error(impossible) == (404, "not_found")


async def test_traders_make_list_use_and_revoke_their_keys(world: World, ann: Person) -> None:
    private, public = key_pair(2)
    read_public_key(public)
    body = {"name": "bot", "public_key": public, "scopes": ["read", "write"], "strict": True}
    made = await world.send(ann, "POST", f"{BASE}/api_keys", body=body)
    assert made.status_code == 201
    key_id = made.json()["api_key_id"]
    bot = Person(account_id=ann.account_id, key_id=key_id, private_pem=private, strict=True)
    balance = f"{BASE}/portfolio/balance"
    assert (await world.send(bot, "GET", balance)).status_code == 200
    assert (await world.send(bot, "GET", ORDERS, query={"limit": 5})).status_code == 200
    loose = Person(account_id=ann.account_id, key_id=key_id, private_pem=private)
    assert error(await world.send(loose, "GET", balance)) == (401, "invalid_signature")

    gone = await world.send(ann, "DELETE", f"{BASE}/api_keys/{key_id}")
    assert (gone.status_code, gone.content) == (204, b"")
    with fair_clock() as clock:
        while (await world.send(bot, "GET", balance)).status_code == 200:
            assert clock.now_s() < 1, "a key must be dead within a second"
    assert error(await world.send(bot, "GET", balance)) == (401, "unknown_key")
    assert error(await world.send(ann, "DELETE", f"{BASE}/api_keys/{key_id}")) == (404, "key_not_found")


async def test_a_strict_key_binds_the_body_of_an_order(world: World, market: str) -> None:
    eve = await world.person("eve", (Scope.READ, Scope.TRADE), dollars=100, strict=True)
    assert (await world.place(eve)).status_code == 201
    lax = Person(account_id=eve.account_id, key_id=eve.key_id, private_pem=eve.private_pem)
    assert error(await world.place(lax)) == (401, "invalid_signature")
