"""``presage queue``: what waits in the queues of a Redis, and what to do with their dead letters."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, TypeVar

import typer

from adapters.cli.failures import Failure
from adapters.cli.options import Json
from adapters.cli.output import print_json, say, show, table
from adapters.queues.redis import RedisMessageQueue, queue_names
from adapters.settings import Settings
from application.ports.queue import DeadLetter, DeadLetterBox, Priority, QueueFigures

app = typer.Typer(
    no_args_is_help=True, help="The queues in Redis: what waits in them, and their dead letters."
)

T = TypeVar("T")

Queue = Annotated[str, typer.Argument(metavar="QUEUE", help="Its name, as `presage queue list` shows it.")]
Letters = Annotated[
    list[str] | None, typer.Argument(metavar="[LETTER]...", help="As `presage queue dead` shows them.")
]
All = Annotated[bool, typer.Option("--all", help="All dead letters that the queue has now.")]

BODY_SHOWN = 80


@app.command("list")
def listing(*, as_json: Json = False) -> None:
    """List the queues of the Redis that REDIS_URL names, with what they hold."""
    document = {"queues": asyncio.run(queues_in(_address()))}
    show(document, as_json=as_json, view=lambda: queues_view(document["queues"]))


@app.command()
def dead(
    queue: Queue,
    *,
    most: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 100,
    as_json: Json = False,
) -> None:
    """List a queue's dead letters, the oldest first: messages that were handled in vain too often."""
    letters = _asked(queue, lambda box: box.dead(most=most))
    if as_json:
        print_json({"dead": [_letter(each) for each in letters]})
        return
    rows = (
        (
            each.letter,
            each.message.message_id,
            _level(each),
            each.group,
            str(each.attempts),
            each.why,
            _shown(each),
        )
        for each in letters
    )
    say(table(["letter", "message~", "level", "group", "attempts#", "why~", "body~"], rows))


@app.command()
def retry(queue: Queue, letters: Letters = None, *, every: All = False, as_json: Json = False) -> None:
    """Put dead letters back at the end of their levels, to be handled again.

    Whoever handles them knows commands by their ids, so one that had its effect after all has it once.
    """
    _treat(
        queue,
        letters,
        every=every,
        as_json=as_json,
        word="retried",
        treatment=lambda box, named: box.retry(named),
    )


@app.command()
def discard(queue: Queue, letters: Letters = None, *, every: All = False, as_json: Json = False) -> None:
    """Drop dead letters for good. They take room in the queue for as long as they are there."""
    _treat(
        queue,
        letters,
        every=every,
        as_json=as_json,
        word="discarded",
        treatment=lambda box, named: box.discard(named),
    )


async def queues_in(address: str) -> list[dict[str, Any]]:
    """Return what the queues of a Redis hold, as documents."""
    return [
        _document(name, await _within(address, name, lambda queue: queue.figures()))
        for name in await queue_names(address)
    ]


def _treat(
    queue: str,
    letters: Sequence[str] | None,
    *,
    every: bool,
    as_json: bool,
    word: str,
    treatment: Callable[[DeadLetterBox, Sequence[str]], Awaitable[int]],
) -> None:
    if every == bool(letters):
        raise typer.BadParameter("name dead letters, or say --all")

    async def treat(box: DeadLetterBox) -> int:
        there = [each.letter for each in await box.dead(most=(await box.figures()).dead or 1)]
        unknown = sorted(set(letters or ()) - set(there))
        if unknown:
            raise Failure(
                "no_such_letter", f"{queue} has no dead letter {', '.join(unknown)}; nothing was done"
            )
        return await treatment(box, letters or there)

    many = _asked(queue, treat)
    show({word: many}, as_json=as_json, view=lambda: f"{many} {word}")


def _asked(name: str, question: Callable[[DeadLetterBox], Awaitable[T]]) -> T:
    address = _address()

    async def ask() -> T:
        if name not in await queue_names(address):
            raise Failure("no_such_queue", f"there is no queue {name}", details="see presage queue list")
        return await _within(address, name, question)

    return asyncio.run(ask())


async def _within(address: str, name: str, question: Callable[[DeadLetterBox], Awaitable[T]]) -> T:
    queue = RedisMessageQueue(address, name)
    try:
        return await question(queue)
    finally:
        await queue.close()


def _address() -> str:
    address = Settings.from_environment().redis_url
    if address is None:
        raise Failure(
            "no_redis", "queues between processes are in a Redis", details="set REDIS_URL to its address"
        )
    return address


def _document(name: str, figures: QueueFigures) -> dict[str, Any]:
    return {
        "queue": name,
        "held": {level.name.lower(): figures.held[level] for level in Priority},
        "in_hand": dict(figures.in_hand),
        "dead": figures.dead,
    }


def _letter(letter: DeadLetter) -> dict[str, Any]:
    return {
        "letter": letter.letter,
        "message": letter.message.message_id,
        "level": _level(letter),
        "group": letter.group,
        "attempts": letter.attempts,
        "why": letter.why,
        "body": letter.message.body.decode("utf-8", "backslashreplace"),
    }


def _level(letter: DeadLetter) -> str:
    return letter.message.priority.name.lower()


def _shown(letter: DeadLetter) -> str:
    return letter.message.body[:BODY_SHOWN].decode("utf-8", "backslashreplace")


def queues_view(queues: Sequence[dict[str, Any]]) -> Any:
    """Return those documents as people see them."""
    rows = (
        (
            each["queue"],
            *(f"{many:,}" for many in each["held"].values()),
            ", ".join(f"{group} {many:,}" for group, many in each["in_hand"].items()),
            f"{each['dead']:,}",
        )
        for each in queues
    )
    return table(["queue", "cancels#", "amendments#", "new orders#", "in hand~", "dead#"], rows)
