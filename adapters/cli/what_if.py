"""``presage what-if``: a market as it would have been, from the log itself."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.bootstrap import open_past
from adapters.cli.failures import Failure
from adapters.cli.options import Data, Json
from adapters.cli.output import show
from adapters.cli.times import as_of
from adapters.cli.what_if_view import what_if_view
from adapters.settings import Settings

app = typer.Typer()

_WORDS = "ACCOUNT ACTION COUNT SIDE [PRICE]"
_JSON_DEPTH = 20


@app.command("what-if")
def what_if(
    ticker: Annotated[str, typer.Argument(metavar="TICKER", help="The market.")],
    *,
    at: Annotated[
        int | None, typer.Option(min=0, metavar="REVISION", help="Fork it right after this event.")
    ] = None,
    as_of_time: Annotated[
        str | None, typer.Option("--as-of", metavar="TIME", help="Fork it as it stood at this time.")
    ] = None,
    until: Annotated[
        int | None, typer.Option(min=0, metavar="REVISION", help="Go no further than this event.")
    ] = None,
    insert: Annotated[
        list[str] | None,
        typer.Option(
            metavar=f"'{_WORDS}'", help="An order to put in; may be repeated. Without a price: market."
        ),
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option(metavar="ORDER", help="An order to leave out; may be repeated.")
    ] = None,
    changes: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What is different, in JSON, as the operators' route takes it."),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=1_000, help="How many trades and accounts are told at most.")
    ] = 100,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Replay a market's flow with orders put in or left out, and compare with what was.

    Everybody else sends what they sent. Reads the log itself, beside a running server too, of a market that
    has ended too; writes nothing.
    """
    body: dict[str, Any] = _read(changes) if changes is not None else {}
    if at is not None:
        body["as_of_revision"] = at
    body |= as_of(as_of_time)
    if ("as_of_revision" in body) == ("as_of_ts" in body):
        raise typer.BadParameter("say where the market is forked: --at REVISION or --as-of TIME")
    if until is not None:
        body["until_revision"] = until
    body["insert"] = [*body.get("insert", []), *map(_order, insert or ())]
    body["remove"] = [*body.get("remove", []), *(remove or ())]
    answer = asyncio.run(_compare(Settings.from_environment(data=data), ticker, body, limit))
    show(answer, as_json=as_json, view=lambda: what_if_view(answer))


def _read(file: Path) -> dict[str, Any]:
    from adapters.http.answers.problems import Problem  # noqa: PLC0415 (only this needs the HTTP port)
    from adapters.http.requests.json import read_json  # noqa: PLC0415

    try:
        document = read_json(file.read_bytes(), depth_max=_JSON_DEPTH)
    except Problem as problem:
        raise Failure(problem.code, f"{file}: {problem.message}", details=problem.details) from None
    if not isinstance(document, dict):
        raise Failure("malformed_body", f"{file}: a JSON object is needed")
    return document


def _order(text: str) -> dict[str, Any]:
    words: Sequence[str] = text.split()
    if len(words) not in (4, 5):
        raise typer.BadParameter(f"an order to put in is {_WORDS!r}, not {text!r}")
    account, action, count, side, *price = words
    order: dict[str, Any] = {"account_id": account, "action": action, "count_fp": count, "side": side}
    if price:
        order["no_price_dollars" if side == "no" else "yes_price_dollars"] = price[0]
    else:
        order["type"] = "market"
    return order


async def _compare(settings: Settings, ticker: str, body: dict[str, Any], limit: int) -> Any:
    from adapters.http.answers.problems import Problem  # noqa: PLC0415
    from adapters.http.answers.what_if import what_if_answer  # noqa: PLC0415
    from adapters.http.requests.validation import checked_body  # noqa: PLC0415
    from adapters.http.requests.what_if import AdminWhatIfBody, asked_for  # noqa: PLC0415
    from adapters.http.routes.what_if import answered  # noqa: PLC0415
    from application.whatif.what_if import BY_ITSELF  # noqa: PLC0415
    from domain.identifiers import AccountId, Ticker  # noqa: PLC0415

    async with open_past(settings) as past:
        try:
            question = await asked_for(
                past, Ticker(ticker), checked_body(AdminWhatIfBody, body), caller=AccountId(""), asker=None
            )
            return what_if_answer(await answered(past, question, BY_ITSELF), limit=limit)
        except Problem as problem:
            raise Failure(problem.code, problem.message, details=problem.details) from None
