"""Where the caller's account is told of its orders, and what could not be told there."""

import re

from adapters.http.answers.exchange import WriteAnswer
from adapters.http.answers.problems import Code, Problem
from adapters.http.answers.webhooks import (
    PublicKeyAnswer,
    UndeliveredAnswer,
    WebhooksAnswer,
    undelivered_answer,
    webhook_answer,
)
from adapters.http.operations import Access, Call, NoQuery, Operation, Reply
from adapters.http.outcomes import written
from adapters.http.requests import webhooks as r
from adapters.http.requests.fields import pattern_of
from adapters.http.routes.exchange import BASE
from domain import fields as recorded

Plain = Call[NoQuery, None]

_NAME = re.compile(pattern_of(recorded.WebhookName))


async def list_webhooks(call: Plain) -> Reply:
    """Return where the account is told."""
    webhooks = await call.port.exchange.webhooks.of(call.account_id)
    return Reply(
        content=WebhooksAnswer(
            webhooks=[webhook_answer(name, webhook) for name, webhook in sorted(webhooks.items())],
            public_key=call.port.webhook_key,
        )
    )


async def set_webhook(call: Call[NoQuery, r.WebhookBody]) -> Reply:
    """Tell the account at an address from now on."""
    name = call.path["webhook"]
    if not _NAME.fullmatch(name):
        raise Problem(
            Code.INVALID_FIELD,
            "a webhook cannot have that name",
            details="webhook: letters, digits, '.', '_' and '-', 64 at most, the first a letter or a digit",
        )
    if fault := call.port.destinations.fault_in(call.body.url):
        raise Problem(Code.INVALID_FIELD, "the body is not acceptable", details=f"url: {fault}")
    return written(await call.port.exchange.webhooks.set(call.account_id, name, call.body.url))


async def remove_webhook(call: Plain) -> Reply:
    """Tell the account no more at an address."""
    return written(await call.port.exchange.webhooks.remove(call.account_id, call.path["webhook"]))


async def list_undelivered(call: Plain) -> Reply:
    """Return what did not reach the account's webhooks."""
    found = await call.port.exchange.webhooks.dead(call.account_id)
    return Reply(content=UndeliveredAnswer(notices=list(map(undelivered_answer, found))))


async def retry(call: Call[NoQuery, r.RetryBody]) -> Reply:
    """Send notices again that did not reach a webhook."""
    return written(
        await call.port.exchange.webhooks.retry(call.account_id, call.path["webhook"], call.body.notice_ids)
    )


async def public_key(call: Plain) -> Reply:
    """Return the key that notices are checked with."""
    return Reply(content=PublicKeyAnswer(public_key=call.port.webhook_key))


HOOKS = f"{BASE}/portfolio/webhooks"
HOOK = f"{HOOKS}/{{webhook}}"

ROUTES = (
    Operation(
        method="GET",
        path=HOOKS,
        access=Access.READ,
        handler=list_webhooks,
        summary="Where the account is told of its orders",
        answer=WebhooksAnswer,
    ),
    Operation(
        method="GET",
        path=f"{HOOKS}/undelivered",
        access=Access.READ,
        handler=list_undelivered,
        summary="Notices that did not reach the account's webhooks",
        answer=UndeliveredAnswer,
    ),
    Operation(
        method="PUT",
        path=HOOK,
        access=Access.TRADE,
        handler=set_webhook,
        summary="Tell the account of its orders at an address",
        body=r.WebhookBody,
        answer=WriteAnswer,
    ),
    Operation(
        method="DELETE",
        path=HOOK,
        access=Access.TRADE,
        handler=remove_webhook,
        summary="Tell the account no more at an address",
        answer=WriteAnswer,
    ),
    Operation(
        method="POST",
        path=f"{HOOK}/retry",
        access=Access.TRADE,
        handler=retry,
        summary="Send notices again that did not reach a webhook",
        body=r.RetryBody,
        answer=WriteAnswer,
    ),
    Operation(
        method="GET",
        path=f"{BASE}/webhooks/public_key",
        access=Access.PUBLIC,
        handler=public_key,
        summary="The key that notices are checked with",
        answer=PublicKeyAnswer,
    ),
)
