"""Why an order ended as it did, and why a cent moved: each account's own, back to the command."""

from adapters.http.answers.problems import Code, Problem
from adapters.http.answers.why import (
    EntryWhyAnswer,
    OrderWhyAnswer,
    entry_why_answer,
    order_why_answer,
)
from adapters.http.operations import Access, Call, NoQuery, Operation, ReadCall, Reading, Reply
from adapters.http.port import ReadPort
from adapters.http.routes.exchange import BASE
from application.streams import ledger_stream
from domain.identifiers import OrderId
from domain.rejections import Reason
from projections.reading.why import Why

Plain = Call[NoQuery, None]

_DIGITS = 19


def _why(port: ReadPort) -> Why:
    return Why(orders=port.reads.orders, portfolio=port.reads.portfolio, past=port.past)


async def why_order(call: ReadCall[NoQuery, None]) -> Reply:
    """Return all that became of an order of the account, and why."""
    chain = await _why(call.port).order(call.account_id, OrderId(call.path["order_id"]))
    if chain is None:
        raise Problem(Reason.ORDER_NOT_FOUND, "there is no such order")
    return Reply(content=await order_why_answer(chain))


async def why_entry(call: Plain) -> Reply:
    """Return why an entry of the account's ledger moved its money. Others' accounts do not exist."""
    entry = call.path["entry"]
    found = None
    if call.path["account_id"] == call.account_id and entry.isascii() and entry.isdigit():
        ledger = ledger_stream(call.port.exchange.directory.partition_of(call.account_id))
        if len(entry) < _DIGITS:
            found = await _why(call.port).entry(call.account_id, ledger, int(entry))
    if found is None:
        raise Problem(Code.NOT_FOUND, "there is no such entry")
    return Reply(content=await entry_why_answer(found))


ROUTES = (
    Reading(
        method="GET",
        path=f"{BASE}/why/orders/{{order_id}}",
        access=Access.READ,
        handler=why_order,
        summary="What became of an order: command, events, ledger entries, settlement",
        answer=OrderWhyAnswer,
    ),
    Operation(
        method="GET",
        path=f"{BASE}/why/ledger/{{account_id}}/{{entry}}",
        access=Access.READ,
        handler=why_entry,
        summary="Why an entry of the ledger moved money; an entry is named by its revision",
        answer=EntryWhyAnswer,
    ),
)
