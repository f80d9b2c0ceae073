"""API keys of the caller's own account."""

import asyncio

from adapters.http.answers.keys import KeyCreatedAnswer, KeyGeneratedAnswer, KeysAnswer, key_answer
from adapters.http.answers.problems import Code, Problem
from adapters.http.callers.signing import generate_key_pair
from adapters.http.operations import Access, Call, NoQuery, Operation, ReadCall, Reading, Reply
from adapters.http.outcomes import accepted
from adapters.http.requests import keys as r
from adapters.http.routes.exchange import BASE
from application.ports.event_store import Position
from domain.identifiers import AccountId
from domain.identity.aggregate import Scope

Creates = Call[NoQuery, r.CreateKeyBody]
Generates = Call[NoQuery, r.GenerateKeyBody]


async def list_keys(call: ReadCall[NoQuery, None]) -> Reply:
    """Return the account's keys that are in force."""
    views = await call.port.reads.keys.keys(call.account_id)
    return Reply(content=KeysAnswer(api_keys=[key_answer(view) for view in views]))


async def create_key(call: Creates) -> Reply:
    """Register a public key for the caller's account."""
    return await create_for(call, call.account_id)


async def generate_key(call: Generates) -> Reply:
    """Make a key for the caller's account and hand out its private half."""
    return await generate_for(call, call.account_id)


async def delete_key(call: Call[NoQuery, None]) -> Reply:
    """Revoke a key of the caller's account."""
    answer = accepted(await call.port.exchange.keys.revoke(call.account_id, call.path["api_key"]))
    return Reply(content=b"", position=answer.position)


async def create_for(call: Creates, account_id: AccountId) -> Reply:
    """Register a public key for an account."""
    key_id, position = await _register(call, account_id, r.public_key_of(call.body))
    return Reply(content=KeyCreatedAnswer(api_key_id=key_id), position=position)


async def generate_for(call: Generates, account_id: AccountId) -> Reply:
    """Make a key for an account; its private half is told and kept nowhere."""
    private_pem, public_pem = await asyncio.to_thread(generate_key_pair)
    key_id, position = await _register(call, account_id, public_pem)
    return Reply(content=KeyGeneratedAnswer(api_key_id=key_id, private_key=private_pem), position=position)


async def _register(
    call: Creates | Generates, account_id: AccountId, public_pem: str
) -> tuple[str, Position]:
    scopes = r.scopes_of(call.body)
    missing = [scope for scope in scopes if scope not in call.caller.scopes]
    if missing and Scope.ADMIN not in call.caller.scopes:
        raise Problem(Code.FORBIDDEN, f"a key cannot give the scope {missing[0].value}, which it lacks")
    key_id, answer = await call.port.exchange.keys.create(
        account_id,
        name=call.body.name,
        public_key_pem=public_pem,
        scopes=scopes,
        strict=call.port.settings.strict_keys if call.body.strict is None else call.body.strict,
    )
    return key_id, accepted(answer).position


KEYS = f"{BASE}/api_keys"

ROUTES = (
    Reading(
        method="GET",
        path=KEYS,
        access=Access.READ,
        handler=list_keys,
        summary="The account's keys",
        answer=KeysAnswer,
    ),
    Operation(
        method="POST",
        path=KEYS,
        access=Access.TRADE,
        handler=create_key,
        summary="Register a public key",
        body=r.CreateKeyBody,
        answer=KeyCreatedAnswer,
        status=201,
        settles=True,
    ),
    Operation(
        method="POST",
        path=f"{KEYS}/generate",
        access=Access.TRADE,
        handler=generate_key,
        summary="Make a key pair; the private half is told once",
        body=r.GenerateKeyBody,
        answer=KeyGeneratedAnswer,
        status=201,
        settles=True,
    ),
    Operation(
        method="DELETE",
        path=f"{KEYS}/{{api_key}}",
        access=Access.TRADE,
        handler=delete_key,
        summary="Revoke a key",
        answer=None,
        status=204,
        settles=True,
    ),
)
