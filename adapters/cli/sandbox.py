"""``presage sandbox``: a private exchange made of a log as it stood at any moment."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from adapters.cli.failures import Failure
from adapters.cli.options import Json
from adapters.cli.output import safe, show
from adapters.cli.progress import Steps
from adapters.cli.times import parse_time, time_text
from adapters.sandbox import NoSandbox, Sandbox, make_sandbox
from adapters.settings import Settings
from domain.quantities import DOLLAR, Money

app = typer.Typer()


@app.command()
def sandbox(
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="LOG",
            help="A data folder, an exported log (*.db or a folder), or the address of an EventStoreDB.",
        ),
    ],
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Where the sandbox is made: empty.")],
    *,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="As it stood then. [default: the log's last event]")
    ] = None,
    deposit: Annotated[
        int, typer.Option(min=0, max=1_000_000_000, metavar="DOLLARS", help="What the bot has to trade with.")
    ] = 10_000,
    as_json: Json = False,
) -> None:
    """Make a private exchange of a log as it stood at a moment, for a bot to trade on.

    Everybody in it has another name, and no key; money, shares and orders are as they were. Its time goes on
    from that moment: every time in it is later by as much as has passed since. The log is only read.
    """
    # Nothing of the environment: it may name the store, the database and the Redis of the exchange itself.
    settings = Settings(data=data)
    with (
        Steps(shown=not as_json) as steps,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        try:
            made = runner.run(
                make_sandbox(
                    source,
                    settings,
                    at_us=parse_time(at),
                    deposit=Money(deposit * DOLLAR),
                    progress=steps.reached,
                )
            )
        except NoSandbox as why_not:
            raise Failure("no_sandbox", str(why_not)) from None
    document = {
        "data": str(data),
        "as_of": time_text(made.at_us),
        "shifted_s": made.shift_us / 1_000_000,
        "events": made.events,
        "accounts": made.accounts,
        "account_id": made.key.account_id,
        **made.key.document(),
    }
    show(document, as_json=as_json, view=lambda: _view(made, data))


def _view(made: Sandbox, data: Path) -> str:
    folder = safe(data)
    return (
        f"[bold green]made[/] in {folder}: {made.events:,} events and {made.accounts:,} accounts as of "
        f"{time_text(made.at_us)}, all of it {made.shift_us / 1e6:,.0f} s later\n"
        f"the bot's key {safe(made.key.key_id)}: {safe(made.key.private_key_path)}\n"
        f"presage serve --data {folder}"
    )
