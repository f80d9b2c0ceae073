"""What is asked of each route: the largest request it takes, as often as that can be asked."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from time import time
from typing import Any
from uuid import uuid4

import orjson

from adapters.http.requests.orders import BATCH_MAX
from adapters.http.requests.queries import MARKETS_AT_ONCE
from adapters.http.requests.what_if import CHANGES_MAX
from adapters.http.routes import elsewhere
from application.ports.sessions import PER_ACCOUNT
from benchmarks._hostile_world import BUSY, DEEP, EVENT, HOARDER, OTHER, RULES_MAX, SERIES, World
from domain.identifiers import GroupId, OrderId, Ticker
from domain.identity.aggregate import Scope
from domain.market.vocabulary import Result

BASE, ADMIN = "/trade-api/v2", "/admin/v1"
PORTFOLIO = f"{BASE}/portfolio"
HOOKS = f"{PORTFOLIO}/webhooks"
ORDERS, GROUPS = f"{PORTFOLIO}/orders", f"{PORTFOLIO}/order_groups"
COMMUNICATIONS = f"{BASE}/communications"
EVENT_ORDERS = f"{PORTFOLIO}/events/orders"
IN_EVENT = f"{BASE}/series/{{series_ticker}}/events/{{event_ticker}}"
TITLE, REASON, EVIDENCE, RULES = "T" * 2_000, "R" * 2_000, "E" * 10_000, "r" * RULES_MAX
END_OF_9999 = 253_402_300_799

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request: the names in its path, its query and its body."""

    names: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, object] = field(default_factory=dict)
    body: Any = None
    cookie: str | None = None
    """A session that the request comes with, in place of a signature."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """The largest request of a route. ``prepare`` makes what can be asked about only once.

    What ``makes`` something leaves it in memory by right; all else leaves nothing.
    """

    ask: Callable[[World, Any], Asked]
    prepare: Callable[[World], Awaitable[Any]] | None = None
    makes: bool = False
    orders: int = 1
    """How many orders stand because of one request, at most."""
    repeats_max: int = 1_000_000
    elsewhere: bool = False
    """Whether it comes from another address each time: from one it is refused after some tries."""


def get(path: str = "", /, **query: object) -> Case:
    """Return the case of a route that reads; ``path`` says what the names in it are."""
    names = dict(pair.split("=") for pair in path.split())
    return Case(
        ask=lambda world, _: Asked(
            names=names,
            query={name: value(world) if callable(value) else value for name, value in query.items()},
        )
    )


def _tickers(world: World, at_most: int = 1_000) -> str:
    return ",".join(f"M-{number:04d}" for number in range(min(at_most, world.size.markets)))


def _events(world: World) -> str:
    return ",".join([EVENT, *(f"E-{at}" for at in range(world.size.in_event, world.size.in_event + 99))])


def _now(_world: World) -> int:
    return int(time())


def _order(world: World) -> Json:
    return {
        "ticker": DEEP,
        "side": "yes",
        "action": "buy",
        "count": 1,
        "count_fp": "1.00",
        "yes_price": 1,
        "yes_price_dollars": "0.0100",
        "client_order_id": uuid4().hex * 2,
        "type": "limit",
        "time_in_force": "good_till_canceled",
        "post_only": True,
        "self_trade_prevention_type": "taker_at_cross",
        "order_group_id": world.order_groups[1],
        "cancel_order_on_pause": True,
    }


def _what_if(**of: str) -> Json:
    """Return a fork at the market's beginning, with as many orders put in as may be."""
    order = {"side": "yes", "action": "buy", "count": 1, "yes_price": 50, "type": "limit", "post_only": False}
    return {"as_of_revision": 0, "insert": [{**of, **order} for _ in range(CHANGES_MAX)]}


def _event_order(world: World) -> Json:
    return {
        "ticker": DEEP,
        "side": "bid",
        "count": "1.00",
        "price": "0.0100",
        "client_order_id": uuid4().hex * 2,
        "time_in_force": "good_till_canceled",
        "post_only": True,
        "self_trade_prevention_type": "taker_at_cross",
        "order_group_id": world.order_groups[1],
        "cancel_order_on_pause": True,
    }


async def _batch(world: World) -> list[OrderId]:
    return await asyncio.gather(*(world.order() for _ in range(BATCH_MAX)))


async def _market_full_of_orders(world: World) -> Ticker:
    ticker = await world.market()
    await world.fill(ticker)
    return ticker


async def _order_group(world: World) -> str:
    """Return an order group with orders in it: another one each time, as long as there are more."""
    world.number += 1
    return world.order_groups[world.number % len(world.order_groups)]


async def _key(world: World) -> str:
    key_id, _ = await world.presage.exchange.keys.create(
        HOARDER, name="fresh", public_key_pem=world.public_pem, scopes=(Scope.READ,)
    )
    return key_id


async def _cookie(world: World) -> str:
    return await world.log_in()


async def _session(world: World) -> str:
    """Return the name of a session that was begun for this."""
    await world.log_in()
    path = f"{BASE}/sessions"
    answer = await world.transport.send("GET", path, "", world.signer.headers("GET", path), b"")
    return str(orjson.loads(answer.content)["sessions"][-1]["session"])


async def _all_sessions(world: World) -> None:
    for _ in range(PER_ACCOUNT):
        await world.log_in()


def _other_password(world: World) -> Json:
    present, world.password = world.password, world.fresh("q" * 190)
    return {"current_password": present, "new_password": world.password}


def _after(*steps: str) -> Callable[[World], Awaitable[Ticker]]:
    """Return what makes a market and takes it through some steps of its life."""

    async def prepare(world: World) -> Ticker:
        ticker = await world.market(opens=steps[:1] != ("unopened",))
        operations = world.presage.exchange.operations
        for step in steps:
            match step:
                case "determine":
                    await world.done(operations.determine(ticker, Result.YES))
                case "pause" | "close":
                    await world.done(getattr(operations, step)(ticker))
        return ticker

    return prepare


def _group_after(*steps: str) -> Callable[[World], Awaitable[tuple[GroupId, Ticker]]]:
    """Return what makes a group with one market and takes it through some steps of its life."""

    async def prepare(world: World) -> tuple[GroupId, Ticker]:
        group, ticker = await world.group()
        operations = world.presage.exchange.operations
        for step in steps:
            if step == "close":
                await world.done(operations.close(ticker))
            else:
                await world.done(operations.determine_group(group, ticker))
        return group, ticker

    return prepare


def _of_market(*steps: str, body: Json | None = None) -> Case:
    return Case(
        prepare=_after(*steps),
        ask=lambda _, ticker: Asked(names={"ticker": ticker}, body=body or {}),
        makes=True,
        repeats_max=FEW,
    )


def _of_group(*steps: str, body: Json | None = None, winner: bool = False) -> Case:
    def ask(_: World, made: tuple[GroupId, Ticker]) -> Asked:
        said = {**(body or {}), **({"winner_ticker": made[1]} if winner else {})}
        return Asked(names={"group_id": made[0]}, body=said)

    return Case(prepare=_group_after(*steps), ask=ask, makes=True, repeats_max=FEW)


def _money(world: World, _: Any) -> Json:
    return {"amount_dollars": "0.01", "reference": world.fresh("R" * 180)}


def _new_market(world: World, _: Any) -> Json:
    rate = {"quadratic_bps": 10_000, "flat_dollars": "0.0001"}
    return {
        "ticker": world.fresh("MADE"),
        "title": TITLE,
        "rules": RULES,
        "category": "C" * 200,
        "group_id": EVENT,
        "tick_size_dollars": "0.0001",
        "price_min_dollars": "0.0001",
        "price_max_dollars": "0.9999",
        "position_limit_fp": "1000000.00",
        "fees": {"maker": rate, "taker": rate, "grain_dollars": "0.01"},
        "close_ts": END_OF_9999,
        "activate": True,
    }


def _new_key(world: World, _: Any) -> Json:
    return {"name": "K" * 200, "scopes": ["read", "trade"], "strict": True, "public_key": world.public_pem}


def _somebody(world: World, body: Any) -> Asked:
    return Asked(names={"account_id": world.fresh("somebody")}, body=body)


LONG: Json = {"limit": 1_000}
_CANDLES: Json = {
    "start_ts": lambda world: _now(world) - 86_400,
    "end_ts": lambda world: _now(world) + 60,
    "period_interval": 1,
}
FEW = 100

_OF_ALL = Case(
    prepare=_market_full_of_orders,
    ask=lambda _, ticker: Asked(query={"ticker": ticker}),
    makes=True,
    orders=2_000,
    repeats_max=3,
)

CASES: dict[str, Case] = {
    # ------------------------------------------------------------------------------- what is public
    f"GET {BASE}/markets/{{ticker}}/orderbook": get(f"ticker={DEEP}", depth=10_000),
    f"GET {BASE}/markets/trades": get(**LONG, ticker=BUSY, min_ts=0, max_ts=2 * 10**9),
    f"GET {BASE}/markets/{{ticker}}": get(f"ticker={BUSY}", as_of_ts=_now),
    f"GET {BASE}/markets/{{ticker}}/rules": get(f"ticker={BUSY}"),
    f"GET {BASE}/markets": get(**LONG, tickers=_tickers, status="open,closed,settled"),
    f"GET {BASE}/series/{{series_ticker}}/markets/{{ticker}}/candlesticks": get(
        f"series_ticker={SERIES} ticker={BUSY}", **_CANDLES
    ),
    f"GET {BASE}/markets/candlesticks": get(
        market_tickers=lambda world: _tickers(world, MARKETS_AT_ONCE),
        **{**_CANDLES, "start_ts": lambda world: _now(world) - 5_900},
    ),
    f"GET {IN_EVENT}/candlesticks": get(f"series_ticker={SERIES} event_ticker={EVENT}", **_CANDLES),
    f"GET {IN_EVENT}/forecast_percentile_history": get(
        f"series_ticker={SERIES} event_ticker={EVENT}",
        **_CANDLES,
        percentiles=",".join(str(1_000 * tenth) for tenth in range(10)),
    ),
    f"GET {BASE}/series/{{series_ticker}}": get(f"series_ticker={SERIES}"),
    f"GET {BASE}/series": get(category="Weather", include_product_metadata="true"),
    f"GET {BASE}/events/{{event_ticker}}": get(f"event_ticker={EVENT}", with_nested_markets="true"),
    f"GET {BASE}/events/{{event_ticker}}/metadata": get(f"event_ticker={EVENT}"),
    f"GET {BASE}/events": get(**LONG, series_ticker=SERIES, with_nested_markets="true"),
    f"GET {BASE}/exchange/status": get(),
    f"GET {BASE}/exchange/schedule": get(),
    f"GET {BASE}/exchange/announcements": get(),
    f"GET {BASE}/exchange/user_data_timestamp": get(),
    f"GET {BASE}/markets/{{ticker}}/price_at": get(f"ticker={BUSY}", ts=_now),
    f"GET {BASE}/leaderboard": get(**LONG, as_of_ts=_now),
    f"GET {BASE}/search/markets": get(**LONG, text="will be what everybody says it will be " * 7),
    f"GET {BASE}/search/most_traded": get(**LONG),
    **{f"{operation.method} {operation.path}": get() for operation in elsewhere.ROUTES},
    "GET /healthz": get(),
    "GET /readyz": get(),
    "GET /metrics": get(),
    "GET /schemas/events": get(),
    "GET /openapi.json": get(),
    "GET /docs": get(),
    # ------------------------------------------------------------------------- what an account reads
    f"GET {ORDERS}/queue_positions": get(market_tickers=_tickers),
    f"GET {ORDERS}/{{order_id}}": Case(ask=lambda w, _: Asked(names={"order_id": w.filled_order})),
    f"GET {ORDERS}/{{order_id}}/queue_position": Case(
        ask=lambda w, _: Asked(names={"order_id": w.open_orders[0]})
    ),
    f"GET {ORDERS}": get(**LONG, min_ts=0, max_ts=2 * 10**9, ticker=_tickers, event_ticker=_events),
    f"GET {PORTFOLIO}": get(**LONG),
    f"GET {PORTFOLIO}/balance": get(),
    f"GET {PORTFOLIO}/positions": get(**LONG, event_ticker=_events, as_of_ts=_now),
    f"GET {PORTFOLIO}/fills": get(**LONG, min_ts=0, max_ts=2 * 10**9, ticker=BUSY),
    f"GET {PORTFOLIO}/settlements": get(**LONG, min_ts=0, max_ts=2 * 10**9),
    f"GET {PORTFOLIO}/summary/total_resting_order_value": get(),
    f"GET {GROUPS}": get(**LONG),
    f"GET {GROUPS}/{{order_group_id}}": Case(
        ask=lambda w, _: Asked(names={"order_group_id": w.order_groups[0]}, query=LONG)
    ),
    f"GET {BASE}/account/limits": get(),
    f"GET {BASE}/api_keys": get(),
    f"GET {BASE}/why/orders/{{order_id}}": Case(ask=lambda w, _: Asked(names={"order_id": w.filled_order})),
    f"GET {BASE}/why/ledger/{{account_id}}/{{entry}}": get(f"account_id={HOARDER} entry=0"),
    # -------------------------------------------------------------------------- what an account does
    f"POST {ORDERS}": Case(ask=lambda w, _: Asked(body=_order(w)), makes=True),
    f"POST {ORDERS}/batched": Case(
        ask=lambda w, _: Asked(body={"orders": [_order(w) for _ in range(BATCH_MAX)]}),
        makes=True,
        orders=BATCH_MAX,
        repeats_max=FEW,
    ),
    f"DELETE {ORDERS}/batched": Case(
        prepare=_batch,
        ask=lambda _, ids: Asked(body={"ids": ids}),
        makes=True,
        orders=BATCH_MAX,
        repeats_max=FEW,
    ),
    f"DELETE {ORDERS}": _OF_ALL,
    f"DELETE {ORDERS}/{{order_id}}": Case(
        prepare=World.order, ask=lambda _, order: Asked(names={"order_id": order}), makes=True
    ),
    f"POST {ORDERS}/{{order_id}}/amend": Case(
        prepare=World.order,
        ask=lambda _, order: Asked(
            names={"order_id": order},
            body={
                "ticker": DEEP,
                "side": "yes",
                "action": "buy",
                "count": 4,
                "yes_price_dollars": "0.0003",
                "updated_client_order_id": uuid4().hex * 2,
            },
        ),
        makes=True,
    ),
    f"POST {ORDERS}/{{order_id}}/decrease": Case(
        prepare=World.order,
        ask=lambda _, order: Asked(names={"order_id": order}, body={"reduce_by": 1}),
        makes=True,
    ),
    # The same with bids and asks.
    f"POST {EVENT_ORDERS}": Case(ask=lambda w, _: Asked(body=_event_order(w)), makes=True),
    f"POST {EVENT_ORDERS}/batched": Case(
        ask=lambda w, _: Asked(body={"orders": [_event_order(w) for _ in range(BATCH_MAX)]}),
        makes=True,
        orders=BATCH_MAX,
        repeats_max=FEW,
    ),
    f"DELETE {EVENT_ORDERS}/batched": Case(
        prepare=_batch,
        ask=lambda _, ids: Asked(body={"ids": ids}),
        makes=True,
        orders=BATCH_MAX,
        repeats_max=FEW,
    ),
    f"DELETE {EVENT_ORDERS}": _OF_ALL,
    f"DELETE {EVENT_ORDERS}/{{order_id}}": Case(
        prepare=World.order, ask=lambda _, order: Asked(names={"order_id": order}), makes=True
    ),
    f"POST {EVENT_ORDERS}/{{order_id}}/amend": Case(
        prepare=World.order,
        ask=lambda _, order: Asked(
            names={"order_id": order},
            body={
                "ticker": DEEP,
                "side": "bid",
                "count": "4.00",
                "price": "0.0003",
                "updated_client_order_id": uuid4().hex * 2,
            },
        ),
        makes=True,
    ),
    f"POST {EVENT_ORDERS}/{{order_id}}/decrease": Case(
        prepare=World.order,
        ask=lambda _, order: Asked(names={"order_id": order}, body={"reduce_by": "1.00"}),
        makes=True,
    ),
    f"POST {GROUPS}/create": Case(
        ask=lambda _, __: Asked(body={"contracts_limit": 10**6, "contracts_limit_fp": "1000000.00"}),
        makes=True,
    ),
    f"PUT {GROUPS}/{{order_group_id}}/limit": Case(
        ask=lambda w, _: Asked(names={"order_group_id": w.order_groups[2]}, body={"contracts_limit": 10**6}),
        makes=True,
    ),
    f"PUT {GROUPS}/{{order_group_id}}/trigger": Case(
        prepare=_order_group, ask=lambda _, name: Asked(names={"order_group_id": name}, body={}), makes=True
    ),
    f"PUT {GROUPS}/{{order_group_id}}/reset": Case(
        prepare=_order_group, ask=lambda _, name: Asked(names={"order_group_id": name}, body={}), makes=True
    ),
    f"DELETE {GROUPS}/{{order_group_id}}": Case(
        prepare=_order_group, ask=lambda _, name: Asked(names={"order_group_id": name}), makes=True
    ),
    # ---------------------------------------------------------------------------- beside the book
    f"GET {COMMUNICATIONS}/id": get(),
    f"GET {COMMUNICATIONS}/rfqs": get(**LONG),
    f"GET {COMMUNICATIONS}/quotes": get(**LONG),
    f"POST {COMMUNICATIONS}/rfqs": Case(
        ask=lambda _, __: Asked(
            body={
                "market_ticker": DEEP,
                "contracts": 10**6,
                "contracts_fp": "1000000.00",
                "rest_remainder": True,
                "replace_existing": True,
            }
        ),
        makes=True,
    ),
    f"GET {COMMUNICATIONS}/rfqs/{{rfq_id}}": Case(
        prepare=lambda w: w.rfq(OTHER), ask=lambda _, name: Asked(names={"rfq_id": name})
    ),
    f"DELETE {COMMUNICATIONS}/rfqs/{{rfq_id}}": Case(
        prepare=lambda w: w.rfq(HOARDER), ask=lambda _, name: Asked(names={"rfq_id": name}), makes=True
    ),
    f"POST {COMMUNICATIONS}/quotes": Case(
        prepare=lambda w: w.rfq(OTHER),
        ask=lambda _, name: Asked(
            body={"rfq_id": name, "yes_bid": "0.5000", "no_bid": "0.4000", "rest_remainder": True}
        ),
        makes=True,
    ),
    f"GET {COMMUNICATIONS}/quotes/{{quote_id}}": Case(
        prepare=lambda w: w.quote(HOARDER, OTHER), ask=lambda _, name: Asked(names={"quote_id": name})
    ),
    f"DELETE {COMMUNICATIONS}/quotes/{{quote_id}}": Case(
        prepare=lambda w: w.quote(HOARDER, OTHER),
        ask=lambda _, name: Asked(names={"quote_id": name}),
        makes=True,
    ),
    f"PUT {COMMUNICATIONS}/quotes/{{quote_id}}/accept": Case(
        prepare=lambda w: w.quote(OTHER, HOARDER),
        ask=lambda _, name: Asked(names={"quote_id": name}, body={"accepted_side": "yes"}),
        makes=True,
    ),
    f"PUT {COMMUNICATIONS}/quotes/{{quote_id}}/confirm": Case(
        prepare=lambda w: w.quote(HOARDER, OTHER, accepted=True),
        ask=lambda _, name: Asked(names={"quote_id": name}, body={}),
        makes=True,
        repeats_max=FEW,
    ),
    f"POST {BASE}/api_keys": Case(ask=lambda w, _: Asked(body=_new_key(w, _)), makes=True, repeats_max=15),
    f"POST {BASE}/api_keys/generate": Case(
        ask=lambda _, __: Asked(body={"name": "K" * 200, "strict": True}), makes=True, repeats_max=15
    ),
    f"DELETE {BASE}/api_keys/{{api_key}}": Case(
        prepare=_key, ask=lambda _, key: Asked(names={"api_key": key}), makes=True, repeats_max=FEW
    ),
    # ------------------------------------------------------------------------ webhooks and sessions
    f"GET {HOOKS}": get(),
    f"GET {HOOKS}/undelivered": get(),
    f"PUT {HOOKS}/{{webhook}}": Case(
        ask=lambda _, __: Asked(names={"webhook": "hook"}, body={"url": f"https://example.com/{'u' * 400}"}),
        makes=True,
        repeats_max=FEW,
    ),
    f"DELETE {HOOKS}/{{webhook}}": Case(ask=lambda _, __: Asked(names={"webhook": "none"}), makes=True),
    f"POST {HOOKS}/{{webhook}}/retry": Case(
        ask=lambda _, __: Asked(names={"webhook": "none"}, body={}), makes=True
    ),
    f"GET {BASE}/webhooks/public_key": get(),
    f"POST {BASE}/login": Case(
        ask=lambda w, _: Asked(body={"account_id": HOARDER, "password": w.password}),
        makes=True,
        repeats_max=FEW,
        elsewhere=True,
    ),
    f"POST {BASE}/logout": Case(
        prepare=_cookie, ask=lambda _, cookie: Asked(cookie=cookie), makes=True, repeats_max=FEW
    ),
    f"GET {BASE}/sessions": get(),
    f"DELETE {BASE}/sessions": Case(
        prepare=_all_sessions, ask=lambda _, __: Asked(), makes=True, repeats_max=10
    ),
    f"DELETE {BASE}/sessions/{{session}}": Case(
        prepare=_session, ask=lambda _, name: Asked(names={"session": name}), makes=True, repeats_max=FEW
    ),
    f"POST {BASE}/accounts": Case(
        ask=lambda w, _: Asked(body={"account_id": w.fresh("n" * 50), "password": "p" * 200}),
        makes=True,
        repeats_max=FEW,
        elsewhere=True,
    ),
    f"POST {BASE}/account/password": Case(
        ask=lambda w, _: Asked(body=_other_password(w)), makes=True, repeats_max=FEW, elsewhere=True
    ),
    f"POST {ADMIN}/accounts/{{account_id}}/password": Case(
        ask=lambda w, _: _somebody(w, {"new_password": "q" * 100}), makes=True, repeats_max=FEW
    ),
    # -------------------------------------------------------------------------- what an operator does
    f"GET {ADMIN}/alerts": get(),
    f"GET {ADMIN}/overview": get(),
    f"GET {ADMIN}/markets/{{ticker}}/preview": get(f"ticker={BUSY}", **LONG, unwind_after_ts=_now),
    f"POST {ADMIN}/markets/{{ticker}}/what-if": Case(
        ask=lambda _, __: Asked(names={"ticker": BUSY}, query=LONG, body=_what_if(account_id=HOARDER)),
        repeats_max=FEW,
    ),
    f"POST {BASE}/markets/{{ticker}}/what-if": Case(
        ask=lambda _, __: Asked(names={"ticker": BUSY}, query=LONG, body=_what_if()), repeats_max=FEW
    ),
    f"GET {ADMIN}/service_levels": get(),
    f"POST {ADMIN}/markets": Case(
        ask=lambda w, _: Asked(body=_new_market(w, _)), makes=True, repeats_max=FEW
    ),
    f"POST {ADMIN}/markets/{{ticker}}/link": _of_market(
        "unopened", body={"parent_ticker": BUSY, "required_result": "yes"}
    ),
    f"POST {ADMIN}/markets/{{ticker}}/activate": _of_market("unopened"),
    f"POST {ADMIN}/markets/{{ticker}}/pause": _of_market(body={"reason": REASON}),
    f"POST {ADMIN}/markets/{{ticker}}/resume": _of_market("pause"),
    f"POST {ADMIN}/markets/{{ticker}}/close": _of_market(),
    f"POST {ADMIN}/markets/{{ticker}}/determine": _of_market(
        "close", body={"result": "yes", "evidence": EVIDENCE}
    ),
    f"POST {ADMIN}/markets/{{ticker}}/dispute": _of_market("close", "determine", body={"reason": REASON}),
    f"POST {ADMIN}/markets/{{ticker}}/finalize": _of_market("close", "determine"),
    f"POST {ADMIN}/markets/{{ticker}}/resolve": _of_market(body={"result": "yes", "evidence": EVIDENCE}),
    f"POST {ADMIN}/markets/{{ticker}}/void": _of_market(
        body={"reason": REASON, "yes_price_dollars": "0.6500"}
    ),
    f"PUT {ADMIN}/markets/{{ticker}}/rules": _of_market(body={"rules": RULES}),
    f"PUT {ADMIN}/markets/{{ticker}}/tick_size": _of_market(body={"tick_size_dollars": "0.0100"}),
    f"POST {ADMIN}/groups": Case(
        ask=lambda w, _: Asked(
            body={"group_id": w.fresh("MADE"), "title": TITLE, "category": "C" * 200, "series": "S" * 64}
        ),
        makes=True,
    ),
    f"POST {ADMIN}/groups/{{group_id}}/determine": _of_group(
        "close", body={"evidence": EVIDENCE}, winner=True
    ),
    f"POST {ADMIN}/groups/{{group_id}}/dispute": _of_group("close", "determine", body={"reason": REASON}),
    f"POST {ADMIN}/groups/{{group_id}}/finalize": _of_group("close", "determine"),
    f"POST {ADMIN}/groups/{{group_id}}/resolve": _of_group(body={"evidence": EVIDENCE}, winner=True),
    f"POST {ADMIN}/groups/{{group_id}}/void": _of_group(body={"reason": REASON}),
    f"POST {ADMIN}/accounts/{{account_id}}/deposits": Case(
        ask=lambda w, _: Asked(names={"account_id": HOARDER}, body=_money(w, _)), makes=True
    ),
    f"POST {ADMIN}/accounts/{{account_id}}/withdrawals": Case(
        ask=lambda w, _: Asked(names={"account_id": HOARDER}, body=_money(w, _)), makes=True
    ),
    f"POST {ADMIN}/fees/withdrawals": Case(ask=lambda w, _: Asked(body=_money(w, _)), makes=True),
    f"POST {ADMIN}/accounts/{{account_id}}/api_keys": Case(
        ask=lambda w, _: _somebody(w, _new_key(w, _)), makes=True
    ),
    f"POST {ADMIN}/accounts/{{account_id}}/api_keys/generate": Case(
        ask=lambda w, _: _somebody(w, {"name": "K" * 200, "strict": True}), makes=True, repeats_max=15
    ),
}
"""By method and path. What cannot be asked for with no answer but a refusal is in :data:`REFUSED`."""

REFUSED = {
    f"POST {ADMIN}/fees/withdrawals": 422,
    f"DELETE {HOOKS}/{{webhook}}": 404,
    f"POST {HOOKS}/{{webhook}}/retry": 404,
}
"""Where the largest request is one that is refused on purpose: more than there is."""
