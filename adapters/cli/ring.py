"""``presage ring``: who would own which markets, and what would move (exercise 21)."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.cli.client import TRADE_API, connect
from adapters.cli.failures import Failure
from adapters.cli.options import Data, Json
from adapters.cli.output import safe, show, table
from adapters.settings import Settings
from application.cluster.balance import NodeShare, balance, ideal_share
from application.cluster.ring import VIRTUAL_NODES, ConsistentHashRing, redistribution
from application.streams import market_stream
from domain.identifiers import Ticker

app = typer.Typer(no_args_is_help=True, help="The hashing ring: who owns which markets, what would move.")

Nodes = Annotated[
    list[str] | None, typer.Argument(metavar="NODE[=WEIGHT]...", help="The nodes that are on the ring.")
]
VirtualNodes = Annotated[
    int, typer.Option(min=1, max=10_000, help="Points of the ring that a node of weight 1 has.")
]
Keys = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Keys, one a line; - reads standard input. [default: the exchange's markets]"
    ),
]

KEYS_SHOWN = 50


@app.command("show")
def show_ring(
    nodes: Nodes = None,
    *,
    keys: Keys = None,
    virtual_nodes: VirtualNodes = VIRTUAL_NODES,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Show how evenly nodes share the ring, and how many keys each of them owns."""
    ring = _ring(nodes or (), virtual_nodes)
    named = _keys(keys, data)
    shares = balance(ring, named)
    document = {
        "virtual_nodes": virtual_nodes,
        "points": len(ring.points),
        "keys": len(named),
        "nodes": [_document(each) for each in shares],
        "owners": {key: ring.owner(key) for key in named},
    }
    show(document, as_json=as_json, view=lambda: _balance_view(shares))


@app.command()
def plan(
    nodes: Nodes = None,
    *,
    add: Annotated[list[str] | None, typer.Option(metavar="NODE[=WEIGHT]", help="A node that comes.")] = None,
    remove: Annotated[list[str] | None, typer.Option(metavar="NODE", help="A node that goes.")] = None,
    keys: Keys = None,
    virtual_nodes: VirtualNodes = VIRTUAL_NODES,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Say what would move if nodes came or went. Nothing is changed by asking."""
    if not (add or remove):
        raise typer.BadParameter("say what would change: --add or --remove")
    before = _ring(nodes or (), virtual_nodes)
    after = _changed(before, add or (), remove or ())
    named = _keys(keys, data)
    told = redistribution(before, after, named)
    document = {
        "keys": len(named),
        "percentage": round(told.percentage, 3),
        "share_of_all": round(told.share, 5),
        "ideal_share": round(ideal_share(before, after), 5),
        "moved": [{"key": key, "from": owners[0], "to": owners[1]} for key, owners in told.moved.items()],
        "before": [_document(each) for each in balance(before, named)],
        "after": [_document(each) for each in balance(after, named)],
    }
    show(document, as_json=as_json, view=lambda: _plan_view(document, balance(after, named)))


def _ring(nodes: Sequence[str], virtual_nodes: int) -> ConsistentHashRing:
    if not nodes:
        raise Failure(
            "empty_ring", "there is no node on the ring", details="name the nodes: presage ring show a b"
        )
    ring = ConsistentHashRing(virtual_nodes=virtual_nodes)
    _add(ring, nodes)
    return ring


def _changed(before: ConsistentHashRing, add: Sequence[str], remove: Sequence[str]) -> ConsistentHashRing:
    after = ConsistentHashRing(before.nodes, virtual_nodes=before.virtual_nodes)
    for node in remove:
        if node not in after.nodes:
            raise Failure("unknown_node", f"there is no node {node} on the ring")
        after.remove(node)
    _add(after, add)
    if not after.nodes:
        raise Failure("empty_ring", "no node would be left on the ring", details="nobody would own anything")
    return after


def _add(ring: ConsistentHashRing, nodes: Sequence[str]) -> None:
    try:
        ring.add_all(_weighted(each) for each in nodes)
    except ValueError as error:
        raise Failure("invalid_node", str(error)) from error


def _weighted(text: str) -> tuple[str, int]:
    node, equals, weight = text.rpartition("=")
    if not equals:
        return text, 1
    if not (weight.isascii() and weight.isdigit() and len(weight) < 10):
        raise ValueError(f"the weight of node {node} is a whole number, and not {weight!r}")
    return node, int(weight)


def _keys(file: Path | None, data: Path | None) -> list[str]:
    """Return the keys that are asked about, each once: those of a file, or the streams of all markets."""
    if file is None:
        return asyncio.run(_markets(Settings.from_environment(data=data)))
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        lines = content.decode().splitlines()
    except UnicodeDecodeError as error:
        raise Failure("unreadable_keys", f"{file}: not UTF-8 at byte {error.start:,}") from error
    return list(dict.fromkeys(line.strip() for line in lines if line.strip()))


async def _markets(settings: Settings) -> list[str]:
    async with connect(settings) as exchange:
        markets = await exchange.list_all(f"{TRADE_API}/markets", "markets", {})
        return [market_stream(Ticker(market["ticker"])) for market in markets]


def _document(share: NodeShare) -> dict[str, Any]:
    return {
        **asdict(share),
        "due": round(share.due, 5),
        "share": round(share.share, 5),
        "fullness": round(share.fullness, 4),
    }


def _balance_view(shares: Sequence[NodeShare]) -> Any:
    rows = (
        (
            each.node,
            each.weight,
            f"{each.due:.2%}",
            f"{each.share:.2%}",
            f"{each.fullness:.3f}",
            f"{each.keys:,}",
        )
        for each in shares
    )
    return table(["node", "weight#", "due#", "share#", "of its due#", "keys#"], rows)


def _plan_view(document: dict[str, Any], after: Sequence[NodeShare]) -> Any:
    from rich.console import Group  # noqa: PLC0415 (scripts do without it)

    moved = document["moved"]
    said = (
        f"{len(moved):,} of {document['keys']:,} keys would move ({document['percentage']:.2f} %); "
        f"of all there could be {document['share_of_all']:.2%}, ideally {document['ideal_share']:.2%}"
    )
    rows = ((each["key"], each["from"], each["to"]) for each in moved[:KEYS_SHOWN])
    more = len(moved) - KEYS_SHOWN
    rest = [safe(f"and {more:,} more; --json lists them all")] if more > 0 else []
    return Group(safe(said), _balance_view(after), table(["key~", "from", "to"], rows), *rest)
