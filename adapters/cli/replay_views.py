"""What a replay did, as people look at it."""

from collections.abc import Sequence

from rich.console import Group, RenderableType

from adapters.cli.output import safe, table
from application.replay.report import FileReport, ReplayReport, Shortfall
from domain.quantities import contracts_text, price_text

SHOWN = 20
"""The most differences that are listed; --json has them all."""


def replay_view(report: ReplayReport) -> RenderableType:
    """Return the summary of a replay."""
    parts: list[RenderableType] = [
        table(
            ["file~", "orders#", "fills#", "volume#", "takes filled#", "refused~", "final bid/ask~", "book"],
            (_row(file) for file in report.files),
        )
    ]
    parts.extend(_notes(report.files))
    outcome = "[green]ok[/]" if report.invariants == "ok" else f"[red]{safe(report.invariants)}[/]"
    parts.append(
        f"{report.orders_per_s:,.0f} orders/s over {report.elapsed_s:.1f} s, "
        f"{report.events:,} events in the log; invariants: {outcome}"
    )
    return Group(*parts)


def _row(file: FileReport) -> Sequence[object]:
    refused = ", ".join(f"{code} {count}" for code, count in file.refused.most_common())
    takes = f"{file.takes_filled:,} of {file.takes:,}" if file.takes else ""
    book = {None: "", True: "equal", False: "differs"}[file.book_equal]
    return (
        file.file,
        f"{file.orders:,}",
        f"{file.fills:,}",
        contracts_text(file.volume),
        takes,
        refused,
        _best(file),
        book,
    )


def _best(file: FileReport) -> str:
    if len(file.markets) != 1:
        return f"{len(file.markets)} markets"
    [market] = file.markets
    prices = (market.best_bid_ticks, market.best_ask_ticks)
    return "/".join("-" if ticks is None else price_text(ticks) for ticks in prices)


def _notes(files: Sequence[FileReport]) -> list[str]:
    """Return what differs from the recordings."""
    notes = [
        f"[yellow]{safe(file.file)}: {safe(_shortfall(short))}[/]"
        for file in files
        for short in file.shortfalls
    ]
    notes += [
        f"[yellow]{safe(file.file)}: {level.side} {price_text(level.price_ticks)}: recorded "
        f"{contracts_text(level.recorded)}, replayed {contracts_text(level.replayed)}[/]"
        for file in files
        for level in file.book_differences
    ]
    notes += [
        f"[yellow]{safe(file.file)}: {safe(market)} left out: {safe(reason)}[/]"
        for file in files
        for market, reason in file.skipped.items()
    ]
    more = len(notes) - SHOWN
    return [*notes[:SHOWN], f"... and {more} more"] if more > 0 else notes


def _shortfall(short: Shortfall) -> str:
    return (
        f"a {short.what} of {contracts_text(short.asked)} at {price_text(short.price_ticks)} "
        f"({short.side}) found {contracts_text(short.found)}"
    )
