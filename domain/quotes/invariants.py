"""What always holds on a desk of requests."""

from collections import Counter
from collections.abc import Iterator

from domain.quotes.state import QuoteRequest, QuotesState
from domain.quotes.vocabulary import QuoteStatus


def quotes_violations(state: QuotesState) -> Iterator[str]:
    """Yield a sentence for everything that is wrong with the requests of a partition."""
    opened: Counter[str] = Counter()
    standing: Counter[str] = Counter()
    asked: set[tuple[str, str]] = set()
    given: set[tuple[str, str]] = set()
    for request in state.requests.values():
        opened[request.account_id] += request.open
        asked.add((request.account_id, request.rfq_id))
        for quote in request.quotes.values():
            standing[quote.account_id] += not quote.over
            given.add((quote.account_id, quote.quote_id))
            if state.request_of.get(quote.quote_id) != request.rfq_id:
                yield f"quote {quote.quote_id} is not found by its name"
        yield from _request(request)
    for what, named, there in (
        ("requests", state.requests_of, asked),
        ("quotes", state.quotes_of, given),
    ):
        if {(account_id, name) for account_id, names in named.items() for name in names} != there:
            yield f"{what} are not all found by their accounts, or are found that are not there"
    if dict(+opened) != state.open_requests:
        yield f"requests are counted as {state.open_requests}, and {dict(+opened)} are open"
    if dict(+standing) != state.standing_quotes:
        yield f"quotes are counted as {state.standing_quotes}, and {dict(+standing)} stand"


def _request(request: QuoteRequest) -> Iterator[str]:
    quotes = request.quotes.values()
    if sum(quote.bound for quote in quotes) > 1:
        yield f"request {request.rfq_id} has more than one quote that was accepted"
    executed = sum(quote.status is QuoteStatus.EXECUTED for quote in quotes)
    if executed > (not request.open):
        yield f"request {request.rfq_id} has {executed} quotes that were executed"
    for quote in quotes:
        if quote.account_id == request.account_id:
            yield f"quote {quote.quote_id} is the asker's own"
        if not (quote.over or request.open):
            yield f"quote {quote.quote_id} is {quote.status}, and its request is over"
