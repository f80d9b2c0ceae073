"""Requests for quotes: a price asked for beside the book, and what comes of it."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from adapters.http.answers import communications as a
from adapters.http.answers.exchange import WriteAnswer
from adapters.http.answers.problems import Code, Problem
from adapters.http.operations import Access, Call, Operation, Reply
from adapters.http.outcomes import accepted, written
from adapters.http.requests import communications as r
from adapters.http.requests.fields import AccountQuery
from adapters.http.requests.orders import NothingBody
from adapters.http.requests.queries import PageQuery
from adapters.http.routes.exchange import BASE
from application.hosting.directory import Directory
from application.quoting import NO_QUOTE, NO_REQUEST
from domain.identifiers import AccountId, GroupId, Ticker
from domain.quotes.state import Quote, QuoteRequest

Plain = Call[AccountQuery, None]
T = TypeVar("T")

_Place = tuple[int, str]
"""Where something stands in a list, the latest first."""


async def communications_id(call: Plain) -> Reply:
    """Return the name under which others see what the account asks for and quotes."""
    name = await call.port.exchange.quoting.communications_id(call.account_id)
    return Reply(content=a.CommunicationsIdAnswer(communications_id=name))


async def create_request(call: Call[AccountQuery, r.RequestForQuotesBody]) -> Reply:
    """Ask for quotes."""
    body = call.body
    rfq_id, answer = await call.port.exchange.quoting.ask(
        call.account_id,
        body.market_ticker,
        quantity=body.quantity,
        target_cost=body.target_cost,
        rest_remainder=body.rest_remainder,
        replaces=body.replace_existing,
    )
    return Reply(content=a.CreatedAnswer(id=rfq_id), position=accepted(answer).position)


async def list_requests(call: Call[r.RequestsQuery, None]) -> Reply:
    """Return requests for quotes of all accounts, the latest first."""
    query, account_id = call.query, call.account_id

    def wanted(request: QuoteRequest) -> bool:
        return (
            query.market_ticker in (None, request.ticker)
            and query.status in (None, "open" if request.open else "closed")
            and (query.creator_user_id is None or _own(query.creator_user_id, account_id, request.account_id))
        )

    found = await _of_events(
        call.port.exchange.directory,
        await call.port.exchange.quoting.requests(wanted),
        query.event_ticker,
        lambda each: each.ticker,
    )
    page, cursor = _page(query, found, lambda each: (-each.requested.at_us, each.rfq_id))
    return Reply(
        content=a.RequestsAnswer(rfqs=[a.request_answer(each, account_id) for each in page], cursor=cursor)
    )


async def get_request(call: Plain) -> Reply:
    """Return a request for quotes."""
    request = await call.port.exchange.quoting.request(call.path["rfq_id"])
    if request is None:
        raise Problem.refused(NO_REQUEST)
    return Reply(content=a.RequestAnswer(rfq=a.request_answer(request, call.account_id)))


async def delete_request(call: Plain) -> Reply:
    """End a request for quotes."""
    return written(await call.port.exchange.quoting.withdraw_request(call.account_id, call.path["rfq_id"]))


async def create_quote(call: Call[AccountQuery, r.QuoteBody]) -> Reply:
    """Answer a request with a quote."""
    body = call.body
    quote_id, answer = await call.port.exchange.quoting.give(
        call.account_id,
        body.rfq_id,
        yes_bid=body.yes_bid,
        no_bid=body.no_bid,
        rest_remainder=body.rest_remainder,
    )
    position = accepted(answer).position
    return Reply(content=a.CreatedAnswer(id=quote_id), position=position)


async def list_quotes(call: Call[r.QuotesQuery, None]) -> Reply:
    """Return the quotes that the account gave or was given, the latest first."""
    query, account_id = call.query, call.account_id
    maker = query.quote_creator_user_id or query.creator_user_id
    found = [
        (request, quote)
        for request, quote in await call.port.exchange.quoting.quotes(account_id)
        if query.market_ticker in (None, request.ticker)
        and query.status in (None, quote.status)
        and query.rfq_id in (None, request.rfq_id)
        and (maker is None or _own(maker, account_id, quote.account_id))
        and (
            query.rfq_creator_user_id is None
            or _own(query.rfq_creator_user_id, account_id, request.account_id)
        )
    ]
    kept = await _of_events(
        call.port.exchange.directory, found, query.event_ticker, lambda pair: pair[0].ticker
    )
    page, cursor = _page(query, kept, lambda pair: (-pair[1].given.at_us, pair[1].quote_id))
    quotes = [a.quote_answer(request, quote, account_id) for request, quote in page]
    return Reply(content=a.QuotesAnswer(quotes=quotes, cursor=cursor))


def _own(asked: str, account_id: AccountId, owner: AccountId) -> bool:
    """Return whether it is the caller's own, and that was asked: whose others' are is not for guessing."""
    return asked == account_id == owner


async def get_quote(call: Plain) -> Reply:
    """Return a quote that the account gave or was given."""
    request, quote = await _found(call)
    return Reply(content=a.QuoteAnswer(quote=a.quote_answer(request, quote, call.account_id)))


async def _found(call: Plain) -> tuple[QuoteRequest, Quote]:
    found = await call.port.exchange.quoting.quote(call.account_id, call.path["quote_id"])
    if found is None:
        raise Problem.refused(NO_QUOTE)
    return found


async def delete_quote(call: Plain) -> Reply:
    """Take back a quote."""
    return written(await call.port.exchange.quoting.withdraw_quote(call.account_id, call.path["quote_id"]))


async def accept_quote(call: Call[AccountQuery, r.AcceptBody]) -> Reply:
    """Take one of a quote's bids."""
    return written(
        await call.port.exchange.quoting.accept(
            call.account_id, call.path["quote_id"], call.body.accepted_side.side
        )
    )


async def confirm_quote(call: Call[AccountQuery, NothingBody]) -> Reply:
    """Stand by a quote that was accepted."""
    return written(await call.port.exchange.quoting.confirm(call.account_id, call.path["quote_id"]))


async def _of_events(
    directory: Directory, found: Sequence[T], events: Sequence[GroupId], ticker_of: Callable[[T], Ticker]
) -> Sequence[T]:
    """Keep what is in the markets of some events, if any were named."""
    if not events:
        return found
    groups = {}
    for ticker in {ticker_of(each) for each in found}:
        market = await directory.find_market(ticker)
        groups[ticker] = None if market is None else market.group_id
    return [each for each in found if groups[ticker_of(each)] in events]


def _page(query: PageQuery, found: Sequence[T], place_of: Callable[[T], _Place]) -> tuple[Sequence[T], str]:
    """Return what comes after the cursor, as much as a page holds, and the next cursor."""
    after = _place(query.cursor)
    rest = found if after is None else [each for each in found if place_of(each) > after]
    page = rest[: query.limit]
    if len(rest) <= query.limit:
        return page, ""
    at, name = place_of(page[-1])
    return page, f"{-at}:{name}"


def _place(cursor: str) -> _Place | None:
    if not cursor:
        return None
    at, _, name = cursor.partition(":")
    if not (at.isascii() and at.isdigit() and len(at) <= len(str(2**63)) and name):
        raise Problem(Code.INVALID_PARAMETER, "the query is not acceptable", details="cursor: is no cursor")
    return -int(at), name


COMMUNICATIONS = f"{BASE}/communications"
REQUESTS = f"{COMMUNICATIONS}/rfqs"
REQUEST = f"{REQUESTS}/{{rfq_id}}"
QUOTES = f"{COMMUNICATIONS}/quotes"
QUOTE = f"{QUOTES}/{{quote_id}}"

ROUTES = (
    Operation(
        method="GET",
        path=f"{COMMUNICATIONS}/id",
        access=Access.READ,
        handler=communications_id,
        summary="The name under which others see what the account asks for and quotes",
        query=AccountQuery,
        answer=a.CommunicationsIdAnswer,
    ),
    Operation(
        method="GET",
        path=REQUESTS,
        access=Access.READ,
        handler=list_requests,
        summary="Requests for quotes",
        query=r.RequestsQuery,
        answer=a.RequestsAnswer,
    ),
    Operation(
        method="POST",
        path=REQUESTS,
        access=Access.TRADE,
        handler=create_request,
        summary="Ask for quotes",
        query=AccountQuery,
        body=r.RequestForQuotesBody,
        answer=a.CreatedAnswer,
        status=201,
    ),
    Operation(
        method="GET",
        path=REQUEST,
        access=Access.READ,
        handler=get_request,
        summary="A request for quotes",
        query=AccountQuery,
        answer=a.RequestAnswer,
    ),
    Operation(
        method="DELETE",
        path=REQUEST,
        access=Access.TRADE,
        handler=delete_request,
        summary="End a request for quotes",
        query=AccountQuery,
        answer=WriteAnswer,
    ),
    Operation(
        method="GET",
        path=QUOTES,
        access=Access.READ,
        handler=list_quotes,
        summary="Quotes given by the account or to it",
        query=r.QuotesQuery,
        answer=a.QuotesAnswer,
    ),
    Operation(
        method="POST",
        path=QUOTES,
        access=Access.TRADE,
        handler=create_quote,
        summary="Answer a request with a quote",
        query=AccountQuery,
        body=r.QuoteBody,
        answer=a.CreatedAnswer,
        status=201,
    ),
    Operation(
        method="GET",
        path=QUOTE,
        access=Access.READ,
        handler=get_quote,
        summary="A quote given by the account or to it",
        query=AccountQuery,
        answer=a.QuoteAnswer,
    ),
    Operation(
        method="DELETE",
        path=QUOTE,
        access=Access.TRADE,
        handler=delete_quote,
        summary="Take back a quote",
        query=AccountQuery,
        answer=WriteAnswer,
    ),
    Operation(
        method="PUT",
        path=f"{QUOTE}/accept",
        access=Access.TRADE,
        handler=accept_quote,
        summary="Take one of a quote's bids",
        query=AccountQuery,
        body=r.AcceptBody,
        answer=WriteAnswer,
    ),
    Operation(
        method="PUT",
        path=f"{QUOTE}/confirm",
        access=Access.TRADE,
        handler=confirm_quote,
        summary="Stand by a quote that was accepted, and trade",
        query=AccountQuery,
        body=NothingBody,
        answer=WriteAnswer,
    ),
)
