"""Operators: the money and keys of any account, and the house's fees."""

from typing import Any

from pydantic import TypeAdapter, ValidationError

from adapters.http.answers.keys import KeyCreatedAnswer, KeyGeneratedAnswer
from adapters.http.answers.problems import Code, Problem
from adapters.http.operations import Access, Call, NoQuery, Operation, Reply
from adapters.http.outcomes import written
from adapters.http.requests import admin as r
from adapters.http.requests.fields import AccountField
from adapters.http.requests.keys import CreateKeyBody, GenerateKeyBody
from adapters.http.requests.sessions import SetPasswordBody
from adapters.http.routes.keys import create_for, generate_for
from adapters.http.routes.operator_commands import operator_command
from domain.identifiers import AccountId

Money = Call[NoQuery, r.MoneyBody]

_ACCOUNT: TypeAdapter[AccountId] = TypeAdapter(AccountField)


def _account(call: Call[NoQuery, Any]) -> AccountId:
    try:
        return _ACCOUNT.validate_python(call.path["account_id"])
    except ValidationError:
        raise Problem(Code.NOT_FOUND, "no account can have that name") from None


async def deposit(call: Money) -> Reply:
    """Credit money from outside."""
    body = call.body
    return written(
        await call.port.exchange.operations.deposit(_account(call), body.amount_dollars, body.reference)
    )


async def withdraw(call: Money) -> Reply:
    """Pay money out."""
    body = call.body
    return written(
        await call.port.exchange.operations.withdraw(_account(call), body.amount_dollars, body.reference)
    )


async def withdraw_fees(call: Money) -> Reply:
    """Pay out fees that the house has earned."""
    body = call.body
    return written(await call.port.exchange.operations.withdraw_fees(body.amount_dollars, body.reference))


async def set_password(call: Call[NoQuery, SetPasswordBody]) -> Reply:
    """Give an account another password; its sessions end."""
    account_id, visitors = _account(call), call.port.visitors
    reply = written(await visitors.accounts.set_password(account_id, call.body.new_password))
    await visitors.sessions.destroy_all(account_id)
    return reply


async def create_key(call: Call[NoQuery, CreateKeyBody]) -> Reply:
    """Register a public key for an account."""
    return await create_for(call, _account(call))


async def generate_key(call: Call[NoQuery, GenerateKeyBody]) -> Reply:
    """Make a key for an account and hand out its private half."""
    return await generate_for(call, _account(call))


ACCOUNT = "/admin/v1/accounts/{account_id}"

ROUTES = (
    operator_command(
        f"{ACCOUNT}/deposits",
        deposit,
        "Credit money from outside; the same reference counts once",
        r.MoneyBody,
        status=201,
    ),
    operator_command(
        f"{ACCOUNT}/withdrawals",
        withdraw,
        "Pay money out; the same reference counts once",
        r.MoneyBody,
        status=201,
    ),
    operator_command(
        "/admin/v1/fees/withdrawals",
        withdraw_fees,
        "Pay out fees that the house has earned",
        r.MoneyBody,
        status=201,
    ),
    operator_command(
        f"{ACCOUNT}/password",
        set_password,
        "Give an account another password; its sessions end",
        SetPasswordBody,
    ),
    Operation(
        method="POST",
        path=f"{ACCOUNT}/api_keys",
        access=Access.ADMIN,
        handler=create_key,
        summary="Register a public key for an account",
        body=CreateKeyBody,
        answer=KeyCreatedAnswer,
        status=201,
        settles=True,
    ),
    Operation(
        method="POST",
        path=f"{ACCOUNT}/api_keys/generate",
        access=Access.ADMIN,
        handler=generate_key,
        summary="Make a key pair for an account; the private half is told once",
        body=GenerateKeyBody,
        answer=KeyGeneratedAnswer,
        status=201,
        settles=True,
    ),
)
