"""Operators: what each ending of a market would pay, before one is taken. Nothing is written."""

import asyncio
from functools import partial

from adapters.http.answers.in_turns import in_turns
from adapters.http.answers.preview import EndingTold, PreviewAnswer, account_told, ending_told
from adapters.http.answers.problems import Problem
from adapters.http.operations import Access, Call, Operation, Reply
from adapters.http.requests.previews import PreviewQuery
from domain.identifiers import AccountId, Ticker
from domain.market.preview import Ending, Preview, previews
from domain.market.state import MarketState
from domain.rejections import Reason


async def preview(call: Call[PreviewQuery, None]) -> Reply:
    """Return what yes, no, a void, and trades taken back would pay."""
    ticker, query, past = Ticker(call.path["ticker"]), call.query, call.port.exchange.past
    found = await past.market_at(ticker, call.port.clock.now_us())
    if found is None:
        raise Problem(Reason.MARKET_NOT_FOUND, f"there is no market {ticker}")
    if found.state.ended:
        raise Problem(Reason.TRANSITION_NOT_ALLOWED, f"market {ticker} has ended")
    since = query.unwind_after_ts
    before = None if since is None else await past.market_at(ticker, since)
    # With very many holders that takes a while; what is worked on are copies of the market.
    told, endings, after = await asyncio.to_thread(
        _worked_out, found.state, before.state if before else None, query
    )
    page = after[: query.limit]
    content = PreviewAnswer(
        ticker=ticker,
        market_version=found.tip.revision,
        endings=endings,
        accounts=await in_turns(partial(account_told, state=found.state, previews=told), page),
        cursor=page[-1] if len(after) > len(page) else "",
    )
    return Reply(content=content)


def _worked_out(
    state: MarketState, then: MarketState | None, query: PreviewQuery
) -> tuple[dict[Ending, Preview], list[EndingTold], list[AccountId]]:
    """Return every ending, how it is told, and the accounts that come after the cursor."""
    found = {each.ending: each for each in previews(state, void_price=query.void_price_dollars, then=then)}
    everybody = sorted({account for each in found.values() for account in each.dues})
    after = [account for account in everybody if account > query.cursor]
    return found, [ending_told(each) for each in found.values()], after


ROUTES = (
    Operation(
        method="GET",
        path="/admin/v1/markets/{ticker}/preview",
        access=Access.ADMIN,
        handler=preview,
        summary="What each ending of a market would pay, and to whom",
        query=PreviewQuery,
        answer=PreviewAnswer,
    ),
)
