"""``presage replay --policy``: recorded flow under other rules, and the report of it."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path

from rich.console import Group, RenderableType

from adapters.bootstrap import open_presage
from adapters.cli.output import safe, table
from adapters.event_schemas.codec import JsonCodec
from adapters.event_stores.opening import ReadableLog, open_log
from adapters.policies.report import HEAD, as_html, as_json, as_text, market_rows, notes, total_rows
from adapters.settings import Settings
from adapters.snapshots.memory import NoSnapshots
from application.past import Past
from application.ports.event_store import Filter
from application.replay.driver import replay
from application.replay.recording import Recording
from application.streams import MARKET
from application.whatif.policy import Policy
from application.whatif.under_policy import PolicyReport, under_policy
from domain.identifiers import Ticker

Progress = Callable[[str, int, int], None]


class Form(StrEnum):
    """How a report is written."""

    TEXT = "text"
    HTML = "html"
    JSON = "json"


async def of_recordings(
    recordings: Sequence[Recording], settings: Settings, policy: Policy, progress: Progress
) -> PolicyReport:
    """Replay recordings as they are, and then what came of them under a policy."""
    async with open_presage(settings) as presage:
        await presage.start()
        await replay(
            recordings, presage.exchange, store=presage.store, codec=presage.codec, progress=progress
        )
        past = Past(reader=presage.store, codec=presage.codec, snapshots=NoSnapshots())
        return await under_policy(past, await _markets(presage.store), policy, progress)


async def of_log(settings: Settings, policy: Policy, progress: Progress) -> PolicyReport:
    """Replay the flow of a log under a policy. It is only read."""
    async with open_log(settings) as log:
        past = Past(reader=log, codec=JsonCodec(), snapshots=NoSnapshots())
        return await under_policy(past, await _markets(log), policy, progress)


async def _markets(log: ReadableLog) -> list[Ticker]:
    """Return all markets of a log, in the order in which they were listed."""
    listed = Filter(stream_prefixes=(MARKET,), types=("MarketCreated",))
    return [
        Ticker(event.stream.removeprefix(MARKET))
        async for page in log.read_all(matching=listed)
        for event in page.events
    ]


def write(report: PolicyReport, form: Form, out: Path) -> None:
    """Write a report to a file."""
    import json  # noqa: PLC0415 (only this needs it)

    text = {
        Form.TEXT: lambda: as_text(report),
        Form.HTML: lambda: as_html(report),
        Form.JSON: lambda: json.dumps(as_json(report), indent=2) + "\n",
    }[form]()
    out.write_text(text)


def view(report: PolicyReport) -> RenderableType:
    """Return a report as people look at it."""
    head = [HEAD[0], *(f"{name}#" for name in HEAD[1:])]
    return Group(
        f"[bold]{safe(report.policy.name)}[/]",
        table(head, total_rows(report)),
        table(head, market_rows(report)),
        *(safe(note) for note in notes(report)),
    )
