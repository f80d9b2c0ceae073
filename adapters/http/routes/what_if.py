"""What if: a market's recorded flow through a market beside it. Nothing is written."""

import asyncio

from adapters.http.answers.problems import Code, Problem
from adapters.http.answers.what_if import WhatIfAnswer, what_if_answer
from adapters.http.operations import Access, ReadCall, Reading, Reply
from adapters.http.requests.what_if import AdminWhatIfBody, WhatIfBody, WhatIfQuery, asked_for
from adapters.http.routes.exchange import BASE
from application.past import Past
from application.whatif.what_if import (
    SERVED,
    Bounds,
    Comparison,
    NoSuchMoment,
    NoSuchOrder,
    NotAskable,
    Question,
    TooLarge,
    what_if,
)
from domain.identifiers import AccountId, Ticker
from domain.rejections import Reason

Asked = ReadCall[WhatIfQuery, WhatIfBody] | ReadCall[WhatIfQuery, AdminWhatIfBody]

_CODES: dict[type[NotAskable], Code | Reason] = {
    NoSuchMoment: Code.NOT_FOUND,
    NoSuchOrder: Reason.ORDER_NOT_FOUND,
    TooLarge: Code.WHAT_IF_TOO_LARGE,
}


async def ask(call: ReadCall[WhatIfQuery, WhatIfBody]) -> Reply:
    """Compare what was with what would have been for the account."""
    return await _answered(call, call.account_id)


async def ask_for_anybody(call: ReadCall[WhatIfQuery, AdminWhatIfBody]) -> Reply:
    """Compare what was with what would have been for everybody."""
    return await _answered(call, None)


async def _answered(call: Asked, asker: AccountId | None) -> Reply:
    with call.port.what_ifs.of(call.account_id):
        question = await asked_for(
            call.port.past, Ticker(call.path["ticker"]), call.body, caller=call.account_id, asker=asker
        )
        found = await answered(call.port.past, question, SERVED)
        return Reply(content=await asyncio.to_thread(what_if_answer, found, limit=call.query.limit))


async def answered(past: Past, question: Question, bounds: Bounds) -> Comparison:
    """Return the answer to a question. Raises :class:`Problem` where there is none."""
    try:
        return await what_if(past, question, bounds)
    except NotAskable as why_not:
        raise Problem(_CODES[type(why_not)], str(why_not)) from None


ROUTES = (
    Reading(
        method="POST",
        path=f"{BASE}/markets/{{ticker}}/what-if",
        access=Access.READ,
        handler=ask,
        summary="What if: a market forked at an event, one's orders put in or left out, its flow replayed",
        query=WhatIfQuery,
        body=WhatIfBody,
        answer=WhatIfAnswer,
    ),
    Reading(
        method="POST",
        path="/admin/v1/markets/{ticker}/what-if",
        access=Access.ADMIN,
        handler=ask_for_anybody,
        summary="The same for anybody's orders, told of all accounts",
        query=WhatIfQuery,
        body=AdminWhatIfBody,
        answer=WhatIfAnswer,
    ),
)
