"""Operators: listing markets and running their lives."""

from typing import Any

from adapters.http.operations import Call, NoQuery, Reply
from adapters.http.outcomes import written
from adapters.http.requests import admin as r
from adapters.http.requests.orders import NothingBody
from adapters.http.route_names import refuse_name
from adapters.http.routes.operator_commands import operator_command
from domain.identifiers import Ticker

Plain = Call[NoQuery, NothingBody]
Reasoned = Call[NoQuery, r.ReasonBody]


def _ticker(call: Call[NoQuery, Any]) -> Ticker:
    return Ticker(call.path["ticker"])


async def create_market(call: Call[NoQuery, r.MarketBody]) -> Reply:
    """List a market; link it and let trading begin if asked to, or do none of it."""
    body = call.body
    refuse_name(call.port.route_names, "ticker", body.ticker)
    return written(
        await call.port.exchange.operations.create_market(
            body.command(),
            condition=body.condition.requirement() if body.condition else None,
            activate=body.activate,
        )
    )


async def link(call: Call[NoQuery, r.ConditionBody]) -> Reply:
    """Make a market conditional on another."""
    return written(
        await call.port.exchange.operations.link_condition(
            _ticker(call), call.body.parent_ticker, call.body.required_result
        )
    )


async def activate(call: Plain) -> Reply:
    """Let trading begin."""
    return written(await call.port.exchange.operations.activate(_ticker(call)))


async def pause(call: Reasoned) -> Reply:
    """Stop trading for a while."""
    return written(await call.port.exchange.operations.pause(_ticker(call), call.body.reason))


async def resume(call: Plain) -> Reply:
    """Let trading go on."""
    return written(await call.port.exchange.operations.resume(_ticker(call)))


async def close(call: Plain) -> Reply:
    """End trading."""
    return written(await call.port.exchange.operations.close(_ticker(call)))


async def determine(call: Call[NoQuery, r.DetermineBody]) -> Reply:
    """State the result of a closed market."""
    body = call.body
    return written(
        await call.port.exchange.operations.determine(
            _ticker(call), body.result, body.evidence, version=body.market_version
        )
    )


async def dispute(call: Reasoned) -> Reply:
    """Contest a result."""
    return written(await call.port.exchange.operations.dispute(_ticker(call), call.body.reason))


async def finalize(call: Call[NoQuery, r.FinalizeBody]) -> Reply:
    """Let a result stand and pay the holders."""
    version = call.body.market_version
    return written(await call.port.exchange.operations.finalize(_ticker(call), version=version))


async def resolve(call: Call[NoQuery, r.DetermineBody]) -> Reply:
    """Close, determine and finalize a market in one go."""
    body = call.body
    return written(
        await call.port.exchange.operations.resolve(
            _ticker(call), body.result, body.evidence, version=body.market_version
        )
    )


async def void(call: Call[NoQuery, r.VoidBody]) -> Reply:
    """End a market without a result."""
    body = call.body
    return written(
        await call.port.exchange.operations.void(
            _ticker(call), body.yes_price_dollars, body.reason, version=body.market_version
        )
    )


async def amend_rules(call: Call[NoQuery, r.RulesBody]) -> Reply:
    """Replace the rules text."""
    return written(await call.port.exchange.operations.amend_rules(_ticker(call), call.body.rules))


async def change_tick_size(call: Call[NoQuery, r.TickSizeBody]) -> Reply:
    """Replace the price grid."""
    return written(
        await call.port.exchange.operations.change_tick_size(_ticker(call), call.body.tick_size_dollars)
    )


MARKETS = "/admin/v1/markets"
MARKET = f"{MARKETS}/{{ticker}}"

ROUTES = (
    operator_command(MARKETS, create_market, "List a market", r.MarketBody, status=201),
    operator_command(f"{MARKET}/link", link, "Make a market conditional on another", r.ConditionBody),
    operator_command(f"{MARKET}/activate", activate, "Let trading begin", NothingBody),
    operator_command(
        f"{MARKET}/pause", pause, "Stop trading for a while; orders may still be cancelled", r.ReasonBody
    ),
    operator_command(f"{MARKET}/resume", resume, "Let trading go on", NothingBody),
    operator_command(f"{MARKET}/close", close, "End trading", NothingBody),
    operator_command(
        f"{MARKET}/determine", determine, "State the result of a closed market", r.DetermineBody
    ),
    operator_command(f"{MARKET}/dispute", dispute, "Contest a result", r.ReasonBody),
    operator_command(
        f"{MARKET}/finalize", finalize, "Let a result stand and pay the holders", r.FinalizeBody
    ),
    operator_command(
        f"{MARKET}/resolve", resolve, "Close, determine and finalize a market in one go", r.DetermineBody
    ),
    operator_command(f"{MARKET}/void", void, "End a market without a result", r.VoidBody),
    operator_command(f"{MARKET}/rules", amend_rules, "Replace the rules text", r.RulesBody, method="PUT"),
    operator_command(
        f"{MARKET}/tick_size", change_tick_size, "Replace the price grid", r.TickSizeBody, method="PUT"
    ),
)
