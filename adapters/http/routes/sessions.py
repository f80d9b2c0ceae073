"""Logging in and out, the caller's own sessions, and passwords."""

from adapters.http.answers.exchange import WriteAnswer
from adapters.http.answers.problems import Code, Problem
from adapters.http.answers.sessions import (
    EndedAnswer,
    ListedSession,
    SessionAnswer,
    SessionsAnswer,
    session_answer,
)
from adapters.http.callers.sessions import PER_ACCOUNT, PER_ADDRESS, SIGN_UPS, no_cookie, set_cookie
from adapters.http.operations import Access, Call, NoQuery, Operation, Reply
from adapters.http.outcomes import accepted, written
from adapters.http.requests import sessions as r
from adapters.http.routes.exchange import BASE
from application.sessions import name_of

Plain = Call[NoQuery, None]


async def log_in(call: Call[NoQuery, r.LoginBody]) -> Reply:
    """Begin a session for whoever knows the password."""
    visitors, body = call.port.visitors, call.body
    visitors.refuse_foreign_pages(call.headers, browsers_only=True)
    await visitors.log_in(body.account_id, body.password, call.address)
    session, cookie = await visitors.begin(body.account_id, call.headers)
    return Reply(content=session_answer(session), headers=cookie)


async def log_out(call: Plain) -> Reply:
    """End the session that the request came with."""
    session_id = call.caller.session_id
    if session_id is None:
        raise Problem(Code.SESSION_OVER, "the request was signed: there is no session to end")
    await call.port.visitors.sessions.destroy_session(session_id)
    return Reply(content=b"", headers=no_cookie())


async def list_sessions(call: Plain) -> Reply:
    """Return the account's sessions."""
    visitors, present = call.port.visitors, None
    if call.caller.session_id is not None:
        found = await visitors.sessions.get_session(call.caller.session_id)
        present = found and name_of(found)
    listed = [
        ListedSession(**session_answer(each), current=name_of(each) == present)
        for each in await visitors.sessions.sessions_of(call.account_id)
    ]
    return Reply(content=SessionsAnswer(sessions=listed))


async def end_session(call: Plain) -> Reply:
    """End one of the account's sessions."""
    if not await call.port.visitors.sessions.destroy_named(call.account_id, call.path["session"]):
        raise Problem(Code.NOT_FOUND, "there is no such session")
    return Reply(content=b"")


async def end_other_sessions(call: Plain) -> Reply:
    """End all of the account's sessions but the one that asks."""
    ended = await call.port.visitors.sessions.destroy_all(call.account_id, but=call.caller.session_id)
    return Reply(content=EndedAnswer(ended=ended))


async def sign_up(call: Call[NoQuery, r.SignUpBody]) -> Reply:
    """Open an account, and begin a session of it."""
    visitors, body = call.port.visitors, call.body
    if not visitors.settings.sign_up:
        raise Problem(Code.SIGN_UP_CLOSED, "accounts are opened by the operator")
    visitors.refuse_foreign_pages(call.headers, browsers_only=True)
    await visitors.count({f"sign-up:{call.address}": SIGN_UPS})
    position = accepted(await visitors.accounts.sign_up(body.account_id, body.password)).position
    session, cookie = await visitors.begin(body.account_id, call.headers)
    return Reply(content=session_answer(session), position=position, headers=cookie)


async def change_password(call: Call[NoQuery, r.ChangePasswordBody]) -> Reply:
    """Change the account's password: its other sessions end, and this one goes on under another id."""
    visitors, body = call.port.visitors, call.body
    name = f"account:{call.account_id}"
    await visitors.count({name: PER_ACCOUNT, f"address:{call.address}": PER_ADDRESS})
    answer = await visitors.accounts.change_password(
        call.account_id, body.current_password, body.new_password
    )
    if answer is None:
        raise Problem(Code.WRONG_PASSWORD, "that is not the present password", details="current_password")
    await visitors.attempts.succeeded(name)
    reply = written(answer)
    present = call.caller.session_id
    await visitors.sessions.destroy_all(call.account_id, but=present)
    rotated = None if present is None else await visitors.sessions.rotate_session(present)
    cookie = () if rotated is None else set_cookie(rotated[0], call.headers)
    return Reply(content=reply.content, position=reply.position, headers=cookie)


ROUTES = (
    Operation(
        method="POST",
        path=f"{BASE}/login",
        access=Access.PUBLIC,
        handler=log_in,
        summary="Log in with a password; the session is in the cookie",
        body=r.LoginBody,
        answer=SessionAnswer,
    ),
    Operation(
        method="POST",
        path=f"{BASE}/logout",
        access=Access.TRADE,
        handler=log_out,
        summary="End the present session",
        answer=None,
        status=204,
    ),
    Operation(
        method="GET",
        path=f"{BASE}/sessions",
        access=Access.READ,
        handler=list_sessions,
        summary="The account's sessions",
        answer=SessionsAnswer,
    ),
    Operation(
        method="DELETE",
        path=f"{BASE}/sessions",
        access=Access.TRADE,
        handler=end_other_sessions,
        summary="End all of the account's sessions but the present one",
        answer=EndedAnswer,
    ),
    Operation(
        method="DELETE",
        path=f"{BASE}/sessions/{{session}}",
        access=Access.TRADE,
        handler=end_session,
        summary="End one of the account's sessions",
        answer=None,
        status=204,
    ),
    Operation(
        method="POST",
        path=f"{BASE}/accounts",
        access=Access.PUBLIC,
        handler=sign_up,
        summary="Open an account, where everybody may",
        body=r.SignUpBody,
        answer=SessionAnswer,
        status=201,
    ),
    Operation(
        method="POST",
        path=f"{BASE}/account/password",
        access=Access.TRADE,
        handler=change_password,
        summary="Change the account's password; its other sessions end",
        body=r.ChangePasswordBody,
        answer=WriteAnswer,
    ),
)
