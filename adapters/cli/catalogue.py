"""Which commands there are. Only the one that is run is imported, so that every one starts at once."""

from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup


class Entry(NamedTuple):
    """A command: the module it is in, a line that says what it does, and its name in the module."""

    module: str
    summary: str
    name: str = "app"


COMMANDS = {
    "serve": Entry("serve", "Run an exchange; --demo fills it with markets and traders."),
    "keys": Entry("keys", "API keys: who may act for an account."),
    "webhook": Entry(
        "webhook", "Webhooks: where an account is told of its orders, and what did not reach it."
    ),
    "market": Entry("market", "Markets: list them, look at them, run their lives."),
    "group": Entry("group", "Groups of markets of which exactly one ends yes."),
    "order": Entry("order", "Orders: place, change, cancel and list them."),
    "rfq": Entry("rfq", "Requests for quotes: ask, answer, accept and confirm beside the book."),
    "portfolio": Entry("portfolio", "Show an account's money and positions."),
    "leaderboard": Entry("leaderboard", "Who made the most, now or at any moment of the past."),
    "deposit": Entry("money", "Credit an account with money from outside.", "deposits"),
    "withdraw": Entry("money", "Pay out money of an account.", "withdrawals"),
    "replay": Entry("replay", "Run recorded order flow through a whole exchange."),
    "inspect": Entry("inspect", "Show the events of a stream, or of the whole log."),
    "price-at": Entry("price_at", "What a market last traded at, at any moment of the past."),
    "what-if": Entry("what_if", "What would have been, with orders put in or left out."),
    "sandbox": Entry("sandbox", "Make a private exchange of a log as it stood at any moment."),
    "record": Entry("session", "Write down what is asked of an exchange, and answered.", "recording"),
    "mock": Entry("session", "Answer as in a recorded session, the same every time.", "mocking"),
    "why": Entry("why", "Why an order ended as it did, why a cent moved."),
    "audit": Entry("audit", "Bundles of a market's events that anybody can check."),
    "alerts": Entry("alerts", "Unusual order flow, manipulation and promises in danger, now and of late."),
    "surveil": Entry("surveil", "Look for market manipulation in the log."),
    "slo": Entry("slo", "Service levels: promises, error budgets, weekly reports."),
    "verify": Entry("verify", "Read the whole log again and check that everything holds."),
    "export": Entry("transfer", "Copy the log to a file, a folder of text, or EventStoreDB.", "exporting"),
    "import": Entry("transfer", "Copy a log into an empty data folder.", "importing"),
    "projector": Entry("projector", "Keep read models up to date, in a process of its own."),
    "engine": Entry("engine", "Run one of several engines that share an exchange."),
    "api": Entry("api", "Answer HTTP for engines in processes of their own."),
    "cluster": Entry("cluster", "The engines that share an exchange: who they are, who owns what."),
    "rebuild": Entry("rebuild", "Build read models again from the log."),
    "partitions": Entry("partitions", "The months that ended orders are kept by, in PostgreSQL."),
    "queue": Entry("queue", "The queues in Redis: what waits in them, and their dead letters."),
    "ring": Entry("ring", "The hashing ring: who owns which markets, what would move."),
    "capacity": Entry("capacity", "How much of everything is needed, by formula."),
    "simulate": Entry("simulate", "Run the whole exchange under seeds, with faults, in simulated time."),
    "load": Entry("load", "Send the load of a day or an election night, and judge by the service levels."),
    "chaos": Entry("chaos", "Break an exchange on purpose, and see whether it holds."),
    "bench": Entry("bench", "Measure something on this machine."),
    "eventstore": Entry("eventstore", "Run a stand-in for EventStoreDB, for development."),
    "eventstore-user": Entry("eventstore_user", "Make a user of Presage's own on EventStoreDB."),
}
"""In the order in which ``presage --help`` lists them."""


_OF_THE_FRAMEWORK = ("install_completion", "show_completion")


class Catalogue(TyperGroup):
    """The commands by name. What is listed are stand-ins; what is run is the real command."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, entry in COMMANDS.items():
            self.add_command(TyperCommand(name, help=entry.summary))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the command that the arguments name, and the arguments left for it."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, None if name is None else load(name), rest


def load(name: str) -> Any:
    """Import a command."""
    entry = COMMANDS[name]
    module = import_module(f"adapters.cli.{entry.module}")
    command = typer.main.get_command(getattr(module, entry.name))
    command.name = name
    command.params = [option for option in command.params if option.name not in _OF_THE_FRAMEWORK]
    return command
