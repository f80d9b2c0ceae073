"""Markets and books as people look at them."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

from adapters.cli.output import safe, table

EMPTY_BID, EMPTY_ASK = "0.0000", "1.0000"


def markets_view(markets: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Return markets in a table."""
    columns = ["ticker", "question~", "status", "yes bid#", "yes ask#", "last#", "volume#"]
    return table(columns, (_row(market) for market in markets))


def preview_view(preview: Mapping[str, Any]) -> RenderableType:
    """Return what each ending would pay, to each account and in all, and of which version of the market."""
    endings = [each["ending"] for each in preview["endings"]]
    rows: list[Sequence[object]] = [
        (
            account["account_id"],
            account["yes_count_fp"],
            account["no_count_fp"],
            *(account["dues_dollars"][ending] for ending in endings),
        )
        for account in preview["accounts"]
    ]
    for name in ("payout", "collateral", "fees_returned", "owed"):
        told = (each[f"{name}_dollars"] for each in preview["endings"])
        rows.append((f"all: {name.replace('_', ' ')}", "", "", *told))
    conserved = ("yes" if each["conserved"] else "NO" for each in preview["endings"])
    rows.append(("all: pays what is there", "", "", *conserved))
    dues = table(["account", "yes#", "no#", *(f"{ending} pays#" for ending in endings)], rows)
    version = preview["market_version"]
    return Group(dues, f"version {version}: --market-version {version} ends it only if nothing has moved on")


def _row(market: Mapping[str, Any]) -> Sequence[object]:
    return (
        market["ticker"],
        market["title"],
        status_text(market),
        price_text(market["yes_bid_dollars"], empty=EMPTY_BID),
        price_text(market["yes_ask_dollars"], empty=EMPTY_ASK),
        price_text(market["last_price_dollars"], empty=EMPTY_BID),
        market["volume_fp"],
    )


def status_text(market: Mapping[str, Any]) -> str:
    """Return where a market stands, with its result where it has one."""
    result = market["lifecycle_result"]
    return f"{market['lifecycle_status']}: {result}" if result else str(market["lifecycle_status"])


def price_text(dollars: str, *, empty: str = "") -> str:
    """Return a price without needless places, a dash where there is none."""
    if dollars == empty:
        return "-"
    return dollars.removesuffix("00")


def market_view(market: Mapping[str, Any], book: Mapping[str, Any]) -> RenderableType:
    """Return a market and its book."""
    facts = Table.grid(padding=(0, 2))
    for name, value in _facts(market):
        facts.add_row(f"[dim]{name}[/]", safe(value))
    return Group(facts, _book_view(book))


def _facts(market: Mapping[str, Any]) -> list[tuple[str, str]]:
    facts = [
        ("market", market["ticker"]),
        ("question", market["title"]),
        ("status", status_text(market)),
        ("last price", price_text(market["last_price_dollars"], empty=EMPTY_BID)),
        ("volume", market["volume_fp"]),
        ("open interest", market["open_interest_fp"]),
        ("version", str(market["market_version"])),
    ]
    if market["event_ticker"]:
        facts.insert(1, ("group", market["event_ticker"]))
    if market["condition"]:
        condition = market["condition"]
        facts.append(
            (
                "condition",
                f"{condition['parent_ticker']} is {condition['required_result']}: {condition['status']}",
            )
        )
    if market["rules_primary"]:
        facts.append(("rules", market["rules_primary"]))
    return facts


def _book_view(book: Mapping[str, Any]) -> Table:
    """Return both sides of a book, best prices on top."""
    yes, no = (list(reversed(book[f"{side}_dollars"] or ())) for side in ("yes", "no"))
    rows = []
    for level in range(max(len(yes), len(no), 1)):
        bid = (yes[level][1], price_text(yes[level][0])) if level < len(yes) else ("", "")
        other = (price_text(no[level][0]), no[level][1]) if level < len(no) else ("", "")
        rows.append((*bid, *other))
    return table(["contracts#", "bid for yes#", "bid for no", "contracts"], rows)
