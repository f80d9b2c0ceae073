"""What would have been, as people look at it."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType

from adapters.cli.output import safe, table

SHOWN = 20
"""The most trades and accounts that are listed; --json has more."""


def what_if_view(answer: Mapping[str, Any]) -> RenderableType:
    """Return a comparison: the market, orders put in, accounts, and the trades that differ."""
    recorded, other = answer["recorded"], answer["what_if"]
    parts: list[RenderableType] = [
        table(
            ["", "trades#", "volume#", "last price#", "best bid/ask#", "status"],
            [("recorded", *_market(recorded)), ("what if", *_market(other))],
        )
    ]
    if answer["inserted"]:
        parts.append(
            table(
                ["put in", "account", "filled#", "left#", "cost#", "fees#", "before it#", "refused~"],
                map(_inserted, answer["inserted"]),
            )
        )
    if answer["accounts"]:
        parts.append(
            table(
                ["account", "yes/no#", "profit#", "yes/no what if#", "profit what if#"],
                map(_account, answer["accounts"][:SHOWN]),
            )
        )
    alike = answer["same_trades"]
    if recorded["trades"] or other["trades"]:
        parts.append(f"{alike:,} trades are the same; from there on:")
        parts.append(
            table(["", "time", "yes price#", "contracts#", "maker", "taker"], _trades(recorded, other))
        )
    else:
        parts.append("[green]every trade is the same[/]")
    parts += [
        f"[yellow]{each['count']:,} recorded commands could not be carried out: {safe(each['code'])}[/]"
        for each in answer["not_carried_out"]
    ]
    parts += [f"[dim]{safe(each)}[/]" for each in answer["assumptions"]]
    return Group(*parts)


def _market(market: Mapping[str, Any]) -> Sequence[object]:
    prices = (market["yes_bid_dollars"], market["yes_ask_dollars"])
    return (
        f"{market['trade_count']:,}",
        market["volume_fp"],
        market["last_price_dollars"] or "-",
        "/".join(each or "-" for each in prices),
        " ".join(filter(None, (market["status"], market["result"]))),
    )


def _inserted(order: Mapping[str, Any]) -> Sequence[object]:
    refused = order["refused"]
    return (
        f"{order['action']} {order['side']}",
        order["account_id"],
        order["filled_count_fp"],
        order["remaining_count_fp"],
        order["cost_dollars"],
        order["fees_dollars"],
        order["queue_ahead_fp"] or "",
        f"{refused['code']}: {refused['message']}" if refused else "",
    )


def _account(account: Mapping[str, Any]) -> Sequence[object]:
    told: list[object] = [account["account_id"]]
    for holding in (account["recorded"], account["what_if"]):
        told += [f"{holding['yes_count_fp']}/{holding['no_count_fp']}", _profit(holding)]
    return told


def _profit(holding: Mapping[str, Any]) -> str:
    if holding["profit_dollars"] is not None:
        return str(holding["profit_dollars"])
    return f"{holding['profit_if_yes_dollars']} if yes, {holding['profit_if_no_dollars']} if no"


def _trades(recorded: Mapping[str, Any], other: Mapping[str, Any]) -> list[Sequence[object]]:
    return [
        (
            name,
            trade["created_time"],
            trade["yes_price_dollars"],
            trade["count_fp"],
            trade["maker"]["account_id"],
            trade["taker"]["account_id"],
        )
        for name, market in (("recorded", recorded), ("what if", other))
        for trade in market["trades"][:SHOWN]
    ]
