"""A ledger's state as plain data."""

import sys
from collections.abc import Generator, Iterator, Sequence
from typing import Any

from application.ports.snapshots import Document
from application.snapshots import form
from domain.identifiers import AccountId, OrderId, Ticker
from domain.ledger import events, evolve, state
from domain.ledger.state import Account, Amendment, KnownOrder, LedgerState, OrderGroup, Reservation

STEP = 500
"""How many accounts, orders or references are made before others get their turn."""

PLAIN = ("deposited", "withdrawn", "in_markets", "fees_held", "fees_earned", "revision")
"""The attributes of a ledger that are kept as they are."""


def capture(ledger: LedgerState) -> Document:
    """Return a copy of a ledger."""
    return {
        **{name: getattr(ledger, name) for name in PLAIN},
        "accounts": [
            (name, account.cash, account.reserved, list(account.locked.items()))
            for name, account in ledger.accounts.items()
        ],
        "reservations": [
            (name, held.account_id, held.ticker, held.amount, held.extra, held.pending, held.for_sale)
            for name, held in ledger.reservations.items()
        ],
        "booked": list(ledger.booked.items()),
        "order_groups": [
            (
                name,
                group.account_id,
                group.limit,
                group.filled,
                group.triggered,
                group.round,
                group.version,
                group.closed_at,
                list(group.filled_in.items()),
            )
            for name, group in ledger.order_groups.items()
        ],
        "orders": [
            (name, known.request_digest, known.ticker, known.order_id) for name, known in ledger.orders
        ],
        "amendments": [
            (name, change.order_id, change.account_id, change.ticker, change.amount, change.key)
            for name, change in ledger.amendments.items()
        ],
        "references": list(ledger.references),
        "remembers_all": (ledger.orders.all, ledger.references.all),
    }


def rebuild(document: Document) -> Generator[None, None, LedgerState]:
    """Make a ledger from a copy of it."""
    ledger = LedgerState()
    for name in PLAIN:
        setattr(ledger, name, document[name])
    ledger.booked = dict(document["booked"])
    yield from _accounts(ledger, document["accounts"])
    for number, (order_id, *values) in enumerate(document["reservations"]):
        held = ledger.reservations[OrderId(order_id)] = _reservation(*values)
        ledger.accounts[held.account_id].open_orders += 1
        if number % STEP == 0:
            yield
    for name, *values in document["order_groups"]:
        group = ledger.order_groups[name] = _order_group(*values)
        ledger.groups_of[group.account_id] += 1
    for name, *change in document["amendments"]:
        ledger.amendments[name] = _amendment(*change)
    for number, (name, digest, ticker, order_id) in enumerate(document["orders"]):
        ledger.orders.add(name, KnownOrder(digest, Ticker(ticker), OrderId(order_id)))
        if number % STEP == 0:
            yield
    for number, (name, amount) in enumerate(document["references"]):
        ledger.references.add(name, amount)
        if number % STEP == 0:
            yield
    ledger.orders.all, ledger.references.all = document["remembers_all"]
    return ledger


def _accounts(ledger: LedgerState, rows: Sequence[Sequence[Any]]) -> Generator[None, None, None]:
    for number, (name, cash, reserved, locked) in enumerate(rows):
        account = ledger.accounts[AccountId(name)] = Account()
        account.cash, account.reserved, account.locked = cash, reserved, dict(locked)
        if number % STEP == 0:
            yield


def _reservation(
    account_id: str,
    ticker: str,
    amount: int,
    extra: int,
    pending: bool,  # noqa: FBT001 (a row's columns)
    for_sale: int,
) -> Reservation:
    held = Reservation(AccountId(account_id), Ticker(ticker), amount)
    held.extra, held.pending, held.for_sale = extra, pending, for_sale
    return held


def _order_group(
    account_id: str,
    limit: int,
    filled: int,
    triggered: bool,  # noqa: FBT001 (a row's columns)
    round_: int,
    version: int,
    closed_at: int,
    filled_in: Sequence[Sequence[Any]],
) -> OrderGroup:
    group = OrderGroup(AccountId(account_id), limit)
    group.filled, group.triggered, group.round, group.version = filled, triggered, round_, version
    group.closed_at = closed_at
    group.filled_in = {Ticker(ticker): quantity for ticker, quantity in filled_in}
    return group


def _amendment(order_id: str, account_id: str, ticker: str, amount: int, key: str | None) -> Amendment:
    change = Amendment(OrderId(order_id), AccountId(account_id), Ticker(ticker))
    change.amount, change.key = amount, None if key is None else OrderId(key)
    return change


def facts(document: Document) -> Iterator[str]:
    """Yield the lines of which :meth:`LedgerState.digest` is the hash."""
    d = document
    yield f"ledger {d['deposited']} {d['withdrawn']} {d['in_markets']} {d['fees_held']} {d['fees_earned']}"
    for name, cash, reserved, locked in sorted(d["accounts"]):
        yield f"account {name} {cash} {reserved} {_pairs(locked)}"
    for row in sorted(d["reservations"]):
        yield f"held {' '.join(map(str, row))}"
    for row in sorted(d["amendments"]):
        yield f"amendment {' '.join(map(str, row))}"
    for row in d["orders"]:
        yield f"order {' '.join(map(str, row))}"
    for name, amount in d["references"]:
        yield f"reference {name} {amount}"
    yield f"booked {_pairs(d['booked'])}"
    for *row, filled_in in sorted(d["order_groups"]):
        yield f"group {' '.join(map(str, row))} {[tuple(pair) for pair in filled_in]}"


def _pairs(rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    return sorted(map(tuple, rows))


LEDGER_FORM: form.Form[LedgerState] = form.Form(
    capture=capture,
    rebuild=rebuild,
    facts=facts,
    size=lambda ledger: len(ledger.accounts) + len(ledger.reservations),
    code=(evolve, events, state, sys.modules[__name__]),
    history=False,
)
